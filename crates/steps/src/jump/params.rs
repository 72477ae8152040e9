//! Parameters of the step, and what they mean for an exposure.

use stcal::jump::{
    AfterJump, CoreExtension, DetectionParams, NeighbourWindow, ShowerParams, SigmaClipGroups,
    SnowballParams,
};

stpipe::params! {
    /// Parameters of `jump`.
    pub struct JumpParams {
        /// Threshold for more than four groups [sigma]
        pub rejection_threshold: f64 = 4.0, min(0.0);
        /// Threshold for three groups [sigma]
        pub three_group_rejection_threshold: f64 = 6.0, min(0.0);
        /// Threshold for four groups [sigma]
        pub four_group_rejection_threshold: f64 = 5.0, min(0.0);
        /// Without effect: the number of threads is the program's
        pub maximum_cores: String = "1";
        /// Flag the four neighbours of a jump
        pub flag_4_neighbors: bool = true;
        /// Largest jump whose neighbours are flagged [sigma]
        pub max_jump_to_flag_neighbors: f64 = 1000.0;
        /// Smallest jump whose neighbours are flagged [sigma]
        pub min_jump_to_flag_neighbors: f64 = 10.0;
        /// Smallest jump after which groups are flagged, first setting [DN]
        pub after_jump_flag_dn1: f64 = 0.0;
        /// How long groups are flagged after it [s]
        pub after_jump_flag_time1: f64 = 0.0;
        /// Smallest jump after which groups are flagged, second setting [DN]
        pub after_jump_flag_dn2: f64 = 0.0;
        /// How long groups are flagged after it [s]
        pub after_jump_flag_time2: f64 = 0.0;
        /// Look for snowballs
        pub expand_large_events: bool = false;
        /// Fewest pixels of a saturated core
        pub min_sat_area: f64 = 1.0;
        /// Fewest pixels of a large event
        pub min_jump_area: f64 = 5.0;
        /// Enlargement of the ellipse of a large event
        pub expand_factor: f64 = 2.0;
        /// Deprecated, without effect
        pub use_ellipses: bool = false;
        /// Demand a saturated core
        pub sat_required_snowball: bool = true;
        /// Radius above which a core is enlarged [pixels]
        pub min_sat_radius_extend: f64 = 2.5;
        /// Enlargement of the radius of a core [pixels]
        pub sat_expand: i64 = 2;
        /// Width of the border in which no core is demanded [pixels]
        pub edge_size: i64 = 25;
        /// Flag the core in the next integration
        pub mask_snowball_core_next_int: bool = true;
        /// How long the core is flagged in the next integration [s]
        pub snowball_time_masked_next_int: i64 = 4000;
        /// Look for showers (MIRI)
        pub find_showers: bool = false;
        /// Largest shower [DN/s]; without effect, as in the reference package
        pub max_shower_amplitude: f64 = 4.0;
        /// Threshold of showers in the smoothed image [signal to noise]
        pub extend_snr_threshold: f64 = 1.2;
        /// Fewest pixels of a shower
        pub extend_min_area: i64 = 90;
        /// Inner radius of the smoothing ring [pixels]
        pub extend_inner_radius: f64 = 1.0;
        /// Outer radius of the smoothing ring [pixels]
        pub extend_outer_radius: f64 = 2.6;
        /// Enlargement of the ellipse of a shower
        pub extend_ellipse_expand_ratio: f64 = 1.1;
        /// How long groups are flagged after a shower [s]
        pub time_masked_after_shower: f64 = 15.0;
        /// Differences from which on one pass over the ramp is enough
        pub min_diffs_single_pass: i64 = 10;
        /// Largest radius of an extended event [pixels]
        pub max_extended_radius: i64 = 200;
        /// Fewest usable groups; without effect, as in the reference package: it is 3
        pub minimum_groups: i64 = 3;
        /// Integrations (or groups) from which on outliers are found by sigma clipping
        pub minimum_sigclip_groups: i64 = 100;
        /// Clip across integrations only
        pub only_use_ints: bool = true;
    }
}

/// Largest shower that the reference package allows, in the unit of its parameter.
// Parity: jwst/jump/jump_step.py scales the default of stcal's class and never reads the step's own parameter.
const MAX_SHOWER_AMPLITUDE: f64 = 6.0;
// Parity: stcal/jump/jump.py puts 3 in place of the parameter on a single core.
const MINIMUM_GROUPS: usize = 3;

impl JumpParams {
    /// The parameters of the algorithm for an exposure's read-out.
    pub(super) fn for_exposure(
        &self,
        group_time_s: f64,
        frames_per_group: u32,
    ) -> stcal::jump::JumpParams {
        // Whole groups within a time, as integer division of the reference package gives them.
        let groups = |time_s: f64| (time_s / group_time_s).floor().max(0.0) as usize;
        stcal::jump::JumpParams {
            detection: self.detection(frames_per_group, groups),
            snowballs: self.expand_large_events.then(|| self.snowballs(groups)),
            showers: self
                .find_showers
                .then(|| self.showers(group_time_s, frames_per_group, groups)),
        }
    }

    fn detection(&self, frames_per_group: u32, groups: impl Fn(f64) -> usize) -> DetectionParams {
        DetectionParams {
            rejection_threshold: self.rejection_threshold,
            four_group_rejection_threshold: self.four_group_rejection_threshold,
            three_group_rejection_threshold: self.three_group_rejection_threshold,
            frames_per_group,
            min_diffs_single_pass: count(self.min_diffs_single_pass),
            minimum_groups: MINIMUM_GROUPS,
            minimum_sigma_clip_groups: count(self.minimum_sigclip_groups),
            sigma_clip_groups: if self.only_use_ints {
                SigmaClipGroups::AcrossIntegrations
            } else {
                SigmaClipGroups::All
            },
            neighbours: self.flag_4_neighbors.then_some(NeighbourWindow {
                min_sigma: self.min_jump_to_flag_neighbors,
                max_sigma: self.max_jump_to_flag_neighbors,
            }),
            after_jump: [
                AfterJump {
                    amplitude_dn: self.after_jump_flag_dn1,
                    groups: groups(self.after_jump_flag_time1),
                },
                AfterJump {
                    amplitude_dn: self.after_jump_flag_dn2,
                    groups: groups(self.after_jump_flag_time2),
                },
            ],
        }
    }

    fn snowballs(&self, groups: impl Fn(f64) -> usize) -> SnowballParams {
        let masked = if self.mask_snowball_core_next_int {
            self.snowball_time_masked_next_int
        } else {
            0
        };
        SnowballParams {
            min_sat_area: self.min_sat_area,
            min_jump_area: self.min_jump_area,
            expand_factor: self.expand_factor,
            saturated_core: self.sat_required_snowball.then(|| CoreExtension {
                min_axis: self.min_sat_radius_extend,
                expand: 2.0 * self.sat_expand as f64,
                edge_size: self.edge_size as f64,
                groups_masked_next_integration: groups(masked as f64),
            }),
            max_width: 2.0 * self.max_extended_radius as f64,
        }
    }

    fn showers(
        &self,
        group_time_s: f64,
        frames_per_group: u32,
        groups: impl Fn(f64) -> usize,
    ) -> ShowerParams {
        ShowerParams {
            snr_threshold: self.extend_snr_threshold,
            min_area: self.extend_min_area as f64,
            ring_inner_radius: self.extend_inner_radius,
            ring_width: self.extend_outer_radius,
            expand_factor: self.extend_ellipse_expand_ratio,
            groups_masked_after: groups(self.time_masked_after_shower),
            max_amplitude: MAX_SHOWER_AMPLITUDE * group_time_s,
            max_width: 2.0 * self.max_extended_radius as f64,
            frames_per_group,
            minimum_sigma_clip_integrations: count(self.minimum_sigclip_groups),
        }
    }
}

fn count(value: i64) -> usize {
    usize::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_become_whole_groups() {
        // Python: int(20.0 // 0.10032) == 199 and int(3000.0 // 0.10032) == 29904.
        let params = JumpParams {
            after_jump_flag_time1: 20.0,
            after_jump_flag_time2: 3000.0,
            ..JumpParams::default()
        };
        let kernel = params.for_exposure(0.10032, 1);
        assert_eq!(
            kernel.detection.after_jump.map(|after| after.groups),
            [199, 29904]
        );
        assert!(kernel.snowballs.is_none() && kernel.showers.is_none());
    }

    #[test]
    fn the_shower_limit_is_the_reference_packages() {
        let params = JumpParams {
            find_showers: true,
            max_shower_amplitude: 100.0,
            ..JumpParams::default()
        };
        let showers = params.for_exposure(2.0, 1).showers.expect("showers are on");
        assert_eq!(showers.max_amplitude, 12.0);
    }
}
