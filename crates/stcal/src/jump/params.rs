//! What the algorithms can be told. Times are in groups here: callers divide by the group time.

/// The settings of all stages.
#[derive(Debug, Clone, PartialEq)]
pub struct JumpParams {
    /// Two-point differences, neighbours, groups after a jump.
    pub detection: DetectionParams,
    /// Large events with a saturated core; `None` does not look for them.
    pub snowballs: Option<SnowballParams>,
    /// Faint extended showers; `None` does not look for them.
    pub showers: Option<ShowerParams>,
}

/// The settings of the detection of single jumps.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectionParams {
    /// Threshold for four or more usable differences [sigma].
    pub rejection_threshold: f64,
    /// Threshold for exactly three usable differences, that is four groups [sigma].
    pub four_group_rejection_threshold: f64,
    /// Threshold for exactly two usable differences, that is three groups [sigma].
    pub three_group_rejection_threshold: f64,
    /// Frames averaged into a group; the variance of the read noise is divided by it.
    pub frames_per_group: u32,
    /// From this many usable differences an integration on, all outliers are flagged in one pass.
    pub min_diffs_single_pass: usize,
    /// Fewest usable groups for the two-point difference.
    ///
    /// Parity: stcal 1.20.0 `jump/jump.py::detect_jumps_data` replaces the user's value by 3 on a single core, so a
    /// caller that wants its numbers passes 3.
    pub minimum_groups: usize,
    /// From this many on, outliers are found by sigma clipping instead; what is counted, see [`SigmaClipGroups`].
    pub minimum_sigma_clip_groups: usize,
    /// What sigma clipping compares.
    pub sigma_clip_groups: SigmaClipGroups,
    /// Flag the four neighbours of a jump within these limits; `None` does not.
    pub neighbours: Option<NeighbourWindow>,
    /// Flag groups after large jumps; two settings that add up. Zero groups: nothing.
    pub after_jump: [AfterJump; 2],
}

/// What sigma clipping compares, and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigmaClipGroups {
    /// The same group across integrations; the integrations are counted.
    AcrossIntegrations,
    /// All groups of all integrations; the usable groups are counted.
    All,
}

/// Jumps whose neighbours are flagged, both limits excluded [sigma].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NeighbourWindow {
    /// Smaller jumps leak too little.
    pub min_sigma: f64,
    /// Larger jumps are something else.
    pub max_sigma: f64,
}

/// How many groups to flag after a jump of at least some amplitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AfterJump {
    /// Smallest amplitude [DN].
    pub amplitude_dn: f64,
    /// Number of groups to flag after the jump.
    pub groups: usize,
}

/// The settings of the search for large events.
#[derive(Debug, Clone, PartialEq)]
pub struct SnowballParams {
    /// Fewest pixels of a saturated core, holes included.
    pub min_sat_area: f64,
    /// Fewest connected pixels with a jump, holes included.
    pub min_jump_area: f64,
    /// Factor on the axes of the ellipse of jumps.
    pub expand_factor: f64,
    /// Demand a saturated core and grow it; `None` takes every large region of jumps and leaves cores alone.
    pub saturated_core: Option<CoreExtension>,
    /// Largest full axis of a grown ellipse [pixel].
    pub max_width: f64,
}

/// How the saturated core of a large event is found and grown.
#[derive(Debug, Clone, PartialEq)]
pub struct CoreExtension {
    /// Cores with a minor axis above this are grown [pixel].
    pub min_axis: f64,
    /// Added to the full axes of a core [pixel].
    pub expand: f64,
    /// Closer to the edge than this no core is demanded [pixel].
    pub edge_size: f64,
    /// Groups of the next integration in which the cores are flagged as jumps, counted from group 0, which itself is
    /// never flagged; zero: none.
    pub groups_masked_next_integration: usize,
}

/// The settings of the search for showers.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowerParams {
    /// Threshold of the smoothed signal-to-noise ratio.
    pub snr_threshold: f64,
    /// Fewest connected pixels above the threshold, holes included.
    pub min_area: f64,
    /// Inner radius of the ring that smooths [pixel].
    pub ring_inner_radius: f64,
    /// Width of the ring that smooths [pixel].
    ///
    /// Parity: stcal 1.20.0 `jump/jump.py::find_faint_extended` hands its `extend_outer_radius` over as the width.
    pub ring_width: f64,
    /// Factor on the axes of the ellipse.
    pub expand_factor: f64,
    /// Groups flagged after the shower.
    pub groups_masked_after: usize,
    /// Largest change of a pixel's mean difference that a shower may make [e- per group].
    ///
    /// Parity: stcal 1.20.0 `jump/jump.py::max_flux_showers` compares electrons with a limit meant in DN.
    pub max_amplitude: f64,
    /// Largest full axis of a grown ellipse [pixel].
    pub max_width: f64,
    /// Frames averaged into a group.
    pub frames_per_group: u32,
    /// From this many integrations on, the noise is measured across them by sigma clipping.
    pub minimum_sigma_clip_integrations: usize,
}
