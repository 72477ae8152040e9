//! Finds jumps in plain arrays, as another mission would.
//!
//! `cargo run --release -p stcal --example jump`
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use ndarray::{Array2, Array4};
use stcal::flags::{GroupFlags, PixelFlags};
use stcal::jump::{
    AfterJump, DetectionParams, Exposure, JumpError, JumpParams, NeighbourWindow, SigmaClipGroups,
    detect_jumps,
};

fn main() -> Result<(), JumpError> {
    // Ramps of ten groups; a cosmic ray adds 900 DN to the middle pixel before its seventh group.
    let shape = (1, 10, 5, 5);
    let data = Array4::from_shape_fn(shape, |(_, group, row, column)| {
        let hit = if (row, column) == (2, 2) && group >= 6 {
            900.0
        } else {
            0.0
        };
        30.0 * group as f32 + hit
    });
    let mut group_dq = Array4::<u8>::zeros(shape);
    let mut pixel_dq = Array2::<u32>::zeros((5, 5));
    let (gain, read_noise) = (
        Array2::from_elem((5, 5), 2.0),
        Array2::from_elem((5, 5), 8.0),
    );
    let params = JumpParams {
        detection: DetectionParams {
            rejection_threshold: 4.0,
            four_group_rejection_threshold: 5.0,
            three_group_rejection_threshold: 6.0,
            frames_per_group: 1,
            min_diffs_single_pass: 10,
            minimum_groups: 3,
            minimum_sigma_clip_groups: 100,
            sigma_clip_groups: SigmaClipGroups::AcrossIntegrations,
            neighbours: Some(NeighbourWindow {
                min_sigma: 10.0,
                max_sigma: 1000.0,
            }),
            after_jump: [AfterJump {
                amplitude_dn: 0.0,
                groups: 0,
            }; 2],
        },
        snowballs: None,
        showers: None,
    };
    let exposure = Exposure {
        ramp_dn: data.view(),
        group_dq: group_dq.view_mut(),
        pixel_dq: pixel_dq.view_mut(),
        gain_e_per_dn: gain.view(),
        read_noise_dn: read_noise.view(),
    };
    let found = detect_jumps(
        exposure,
        &params,
        GroupFlags::default(),
        PixelFlags::default(),
    )?;
    println!("jumps found: {}", found.primary.unwrap_or(0));
    println!(
        "flags of the seventh group, neighbours included:\n{}",
        group_dq.slice(ndarray::s![0, 6, .., ..])
    );
    Ok(())
}
