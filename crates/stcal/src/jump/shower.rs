//! Showers: faint extended emission that a cosmic ray leaves around its track.

use std::borrow::Cow;
use std::ops::Range;

use ndarray::{Array3, ArrayView1, ArrayView2, ArrayView3, ArrayView4, ArrayViewMut3, Axis, s};

use super::census::GroupCensus;
use super::diffs::{Block, Differences, QualityRow, Usable, planes_of, row_of};
use super::ellipse::Ellipse;
use super::error::JumpError;
use super::median::{LANES, LaneStats, Networks};
use super::params::ShowerParams;
use super::plan::Hits;
use super::region::Regions;
use super::sigma_clip::SigmaClip;
use super::smooth::{Ring, Smoother};
use super::snowball::flag_stamp;
use crate::flags::{GroupFlags, PixelFlags};
use crate::simd::{Kernel, run_vectorised};

/// Fewest usable differences of an exposure.
const MIN_DIFFERENCES: usize = 10;

/// Threshold of the clipping that measures the noise across integrations [sigma].
const NOISE_CLIP_SIGMA: f64 = 5.0;

/// The exposure that is searched, whole; the group quality is handed over beside it.
#[derive(Debug, Clone, Copy)]
pub struct ShowerInput<'a> {
    /// Signal, `(integration, group, row, column)` [DN].
    pub ramp_dn: ArrayView4<'a, f32>,
    /// Quality of the pixels, `(row, column)`.
    pub pixel_dq: ArrayView2<'a, u32>,
    /// Gain, `(row, column)` [e-/DN].
    pub gain_e_per_dn: ArrayView2<'a, f32>,
    /// Read noise of the difference of two frames, `(row, column)` [DN].
    pub read_noise_dn: ArrayView2<'a, f32>,
    /// What the detection of single jumps remembered.
    pub hits: &'a Hits,
    /// Bits of the group quality.
    pub flags: GroupFlags,
    /// Bits of the pixel quality.
    pub pixel_flags: PixelFlags,
    /// Settings.
    pub params: &'a ShowerParams,
}

/// True if the exposure has enough usable differences for the search.
pub fn showers_possible(group_dq: ArrayView4<'_, u8>, do_not_use: u8) -> bool {
    let census = GroupCensus::of(group_dq, do_not_use);
    census.total_usable >= MIN_DIFFERENCES + census.integrations
}

/// Median and noise of the differences of each pixel [e-].
///
/// `(1, row, column)`, or `(difference, row, column)` if there are enough integrations to measure each difference.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowerNoise {
    median: Array3<f32>,
    sigma: Array3<f32>,
}

/// Masks what the detection found unusable, and samples with certain flags.
struct Unflagged<'a> {
    hits: &'a Hits,
    first_row: usize,
    flags: GroupFlags,
}

impl Unflagged<'_> {
    /// Parity: stcal 1.20.0 `jump/jump.py::nan_invalid_data` compares whole values, so that samples with a further
    /// flag stay.
    #[inline(always)]
    fn masks(&self, dq: u8) -> bool {
        let GroupFlags {
            do_not_use,
            saturated,
            jump,
            ..
        } = self.flags;
        (dq == (jump | do_not_use))
            | (dq == (saturated | do_not_use))
            | (dq == saturated)
            | (dq == jump)
            | (dq == do_not_use)
    }
}

impl Usable for Unflagged<'_> {
    #[inline(always)]
    fn unusable(&mut self, block: Block, plane: usize, dq: &[u8; LANES]) -> [bool; LANES] {
        let word = self.hits.unusable.as_ref().map_or(0, |bits| {
            bits.row(self.first_row + block.row, plane)[block.column / LANES]
        });
        let mut unusable = [false; LANES];
        for (unusable, dq) in unusable.iter_mut().zip(dq) {
            *unusable = self.masks(*dq);
        }
        if word != 0 {
            for (lane, unusable) in unusable.iter_mut().enumerate() {
                *unusable |= word >> lane & 1 != 0;
            }
        }
        unusable
    }
}

impl ShowerNoise {
    /// Measures a band of rows.
    ///
    /// `rows` are the rows of the image; `group_dq` is the whole exposure `(integration, group, row, column)`.
    ///
    /// # Errors
    /// [`JumpError::Shape`] if the arrays do not agree.
    ///
    /// # Source
    /// stcal 1.20.0 `jump/jump.py::find_faint_extended`. Tolerance: exact.
    pub fn of_band(
        input: &ShowerInput<'_>,
        group_dq: ArrayView4<'_, u8>,
        rows: Range<usize>,
    ) -> Result<Self, JumpError> {
        let (integrations, groups, _, columns) = input.ramp_dn.dim();
        input.check(group_dq.shape())?;
        let ramp = input.ramp_dn.slice(s![.., .., rows.clone(), ..]);
        let group_dq = group_dq.slice(s![.., .., rows.clone(), ..]);
        let gain = input.gain_e_per_dn.slice(s![rows.clone(), ..]);
        let noise = input.read_noise_dn.slice(s![rows.clone(), ..]);
        let is_clipped = integrations >= input.params.minimum_sigma_clip_integrations;
        let mut clip = is_clipped.then(|| SigmaClip::new(integrations));
        let depth = if is_clipped { groups - 1 } else { 1 };
        let mut out = Self {
            median: Array3::zeros((depth, rows.len(), columns)),
            sigma: Array3::zeros((depth, rows.len(), columns)),
        };
        let networks = Networks::new(integrations * (groups - 1));
        let (mut diffs, mut scratch, mut stats) =
            (Differences::default(), Vec::new(), LaneStats::default());
        let mut mask = Unflagged {
            hits: input.hits,
            first_row: rows.start,
            flags: input.flags,
        };
        let mut dq = QualityRow::default();
        for row in 0..rows.len() {
            let signal = planes_of(ramp, row);
            dq.load(group_dq.index_axis(Axis(2), row));
            let (gain, noise) = (row_of(gain, row), row_of(noise, row));
            run_vectorised(NoiseRow {
                noise: &mut out,
                row,
                clip: clip.as_mut(),
                planes: (&signal, &dq, groups),
                gain: &gain,
                read_noise: &noise,
                frames_per_group: input.params.frames_per_group,
                mask: &mut mask,
                networks: &networks,
                diffs: &mut diffs,
                scratch: &mut scratch,
                stats: &mut stats,
            });
        }
        Ok(out)
    }

    /// Keeps median and noise of a block.
    #[inline(always)]
    fn store(
        &mut self,
        block: Block,
        stats: &LaneStats,
        read_noise_e: &[f32; LANES],
        frames_per_group: u32,
    ) {
        let columns = block.column..block.column + block.width;
        let mut medians = self.median.slice_mut(s![0, block.row, columns.clone()]);
        let mut sigmas = self.sigma.slice_mut(s![0, block.row, columns]);
        for (lane, (median, sigma)) in medians.iter_mut().zip(&mut sigmas).enumerate() {
            let noise_e = read_noise_e[lane];
            *median = f32::midpoint(stats.middle[0][lane], stats.middle[1][lane]);
            *sigma = (median.abs() + noise_e * noise_e / frames_per_group as f32).sqrt();
        }
    }

    /// Keeps median and noise of a block, of each difference across integrations.
    #[inline(always)]
    fn store_clipped(&mut self, block: Block, diffs: &Differences, clip: &mut SigmaClip) {
        let depth = self.median.len_of(Axis(0));
        let columns = block.column..block.column + block.width;
        for diff in 0..depth {
            let lists = || diffs.lists.iter().skip(diff).step_by(depth);
            let limits = clip.limits(lists(), NOISE_CLIP_SIGMA);
            let stats = clip.stats_within(lists(), &limits);
            let at = s![diff, block.row, columns.clone()];
            let store = |image: &mut Array3<f32>, values: &[f32; LANES]| {
                image
                    .slice_mut(at)
                    .assign(&ArrayView1::from(&values[..block.width]));
            };
            store(&mut self.median, &stats.median);
            store(&mut self.sigma, &stats.deviation);
        }
    }

    /// Puts bands together, in the order of their rows.
    ///
    /// # Errors
    /// [`JumpError::Bands`] if they have not the same number of columns or differences.
    pub fn join(bands: &[Self]) -> Result<Self, JumpError> {
        let cat = |part: fn(&Self) -> &Array3<f32>| {
            let views: Vec<_> = bands.iter().map(|band| part(band).view()).collect();
            ndarray::concatenate(Axis(1), &views).map_err(|_| JumpError::Bands {
                index: 0,
                what: "another number of columns or differences, or no band at all",
            })
        };
        Ok(Self {
            median: cat(|band| &band.median)?,
            sigma: cat(|band| &band.sigma)?,
        })
    }
}

/// Measures a row.
struct NoiseRow<'a, 's, 'm> {
    noise: &'a mut ShowerNoise,
    row: usize,
    /// What clips, if each difference is measured by itself.
    clip: Option<&'a mut SigmaClip>,
    /// Signal and quality of all planes, and the number of groups.
    planes: (&'a [Cow<'s, [f32]>], &'a QualityRow, usize),
    gain: &'a [f32],
    read_noise: &'a [f32],
    frames_per_group: u32,
    mask: &'a mut Unflagged<'m>,
    networks: &'a Networks,
    diffs: &'a mut Differences,
    scratch: &'a mut Vec<[f32; LANES]>,
    stats: &'a mut LaneStats,
}

impl Kernel for NoiseRow<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let (signal, dq, groups) = self.planes;
        for block in Block::of_row(self.row, self.gain.len()) {
            let gain = block.lanes(self.gain, 0.0);
            let read_noise = block.lanes(self.read_noise, 0.0);
            self.diffs
                .load(block, (signal, dq), groups, &gain, self.mask);
            if let Some(clip) = &mut self.clip {
                self.noise.store_clipped(block, self.diffs, clip);
                continue;
            }
            let place = (self.mask.first_row + block.row, block.column);
            let brackets = self.mask.hits.brackets_at(place, self.gain.len());
            self.networks
                .middle_near(&self.diffs.lists, brackets, self.scratch, self.stats);
            let mut read_noise_e = [0.0; LANES];
            for lane in 0..LANES {
                read_noise_e[lane] = read_noise[lane] * gain[lane];
            }
            self.noise
                .store(block, self.stats, &read_noise_e, self.frames_per_group);
        }
    }
}

/// Mean with a sum in single precision, as numpy's `nanmean`; NaN if there is nothing.
fn mean_f32(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0.0_f32, 0_u32), |(sum, count), value| {
        (sum + value, count + 1)
    });
    (f64::from(sum) / f64::from(count)) as f32
}

impl ShowerInput<'_> {
    fn check(&self, group_dq: &[usize]) -> Result<(), JumpError> {
        let (integrations, groups, rows, columns) = self.ramp_dn.dim();
        if groups < 2 {
            return Err(JumpError::TooFewGroups { found: groups });
        }
        JumpError::check("the group quality", self.ramp_dn.shape(), group_dq)?;
        JumpError::check("the pixel quality", &[rows, columns], self.pixel_dq.shape())?;
        JumpError::check("the gain", &[rows, columns], self.gain_e_per_dn.shape())?;
        JumpError::check(
            "the read noise",
            &[rows, columns],
            self.read_noise_dn.shape(),
        )?;
        self.hits.unusable.as_ref().map_or(Ok(()), |bits| {
            let found = [bits.rows(), bits.width().0, bits.width().1];
            JumpError::check(
                "the result of the detection",
                &[rows, integrations * groups, columns],
                &found,
            )
        })
    }

    /// Parity: stcal 1.20.0 `jump/jump.py::find_faint_extended` knows reference pixels only if they have no other flag.
    fn is_reference(&self, pixel_dq: u32) -> bool {
        pixel_dq == self.pixel_flags.reference_pixel
    }

    fn was_unusable(&self, plane: usize, row: usize, column: usize) -> bool {
        self.hits
            .unusable
            .as_ref()
            .is_some_and(|bits| bits.get(row, plane, column))
    }

    /// The first group in which some pixel can be used; 0 if there is none.
    fn first_good_group(&self, group_dq: ArrayView3<'_, u8>) -> usize {
        let usable = |plane: ArrayView2<'_, u8>| {
            (0..plane.nrows()).any(|row| {
                run_vectorised(AnyUsable {
                    dq: &row_of(plane, row),
                    pixel_dq: &row_of(self.pixel_dq, row),
                    do_not_use: self.flags.do_not_use,
                    reference_pixel: self.pixel_flags.reference_pixel,
                })
            })
        };
        group_dq.outer_iter().position(usable).unwrap_or(0)
    }

    /// Mean difference of a pixel over groups without a flag [e-].
    fn rate(
        &self,
        dq: impl Fn(usize) -> u8,
        integration: usize,
        (row, column): (usize, usize),
    ) -> f32 {
        let groups = self.ramp_dn.len_of(Axis(1));
        let invalid = self.flags.do_not_use | self.flags.saturated | self.flags.jump;
        let gain = self.gain_e_per_dn[[row, column]];
        let sample = |group: usize| {
            let bad = dq(group) & invalid != 0
                || self.was_unusable(integration * groups + group, row, column);
            if bad {
                f32::NAN
            } else {
                self.ramp_dn[[integration, group, row, column]] * gain
            }
        };
        let differences = (1..groups).map(|group| sample(group) - sample(group - 1));
        mean_f32(differences.filter(|difference| !difference.is_nan()))
    }
}

/// Whether a row has a pixel that can be used.
struct AnyUsable<'a> {
    dq: &'a [u8],
    pixel_dq: &'a [u32],
    do_not_use: u8,
    reference_pixel: u32,
}

impl Kernel for AnyUsable<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut any = false;
        for (dq, pixel_dq) in self.dq.iter().zip(self.pixel_dq) {
            any |= (dq & self.do_not_use == 0) & (*pixel_dq != self.reference_pixel);
        }
        any
    }
}

/// The search of groups that follow each other, row by row: what they share is read once.
struct Search<'a, 'i> {
    input: &'a ShowerInput<'i>,
    noise: &'a ShowerNoise,
    /// Of the integration, `(group, row, column)`.
    group_dq: ArrayView3<'a, u8>,
    signal_dn: ArrayView3<'a, f32>,
    integration: usize,
    groups: Range<usize>,
    found: Vec<GroupSearch>,
}

/// What is known of a group.
struct GroupSearch {
    /// Deviations of the differences that end in the group from the median, in units of the noise; NaN where flagged. A
    /// row of them.
    deviation: Vec<f32>,
    /// Pixels of an earlier row that are extended emission.
    extended: Vec<u8>,
    smoother: Smoother,
    regions: Regions,
}

/// A row of everything that goes in.
struct SearchRow<'a> {
    /// Of the group before the first one, and of each group.
    signal_dn: Vec<Cow<'a, [f32]>>,
    dq: Vec<Cow<'a, [u8]>>,
    /// Of each group.
    median: Vec<Cow<'a, [f32]>>,
    sigma: Vec<Cow<'a, [f32]>>,
    pixel_dq: Cow<'a, [u32]>,
    gain: Cow<'a, [f32]>,
}

impl<'a, 'i> Search<'a, 'i> {
    fn new(
        input: &'a ShowerInput<'i>,
        noise: &'a ShowerNoise,
        group_dq: &'a ArrayView3<'_, u8>,
        (integration, groups): (usize, Range<usize>),
    ) -> Self {
        let columns = input.ramp_dn.len_of(Axis(3));
        let (inner, width) = (input.params.ring_inner_radius, input.params.ring_width);
        let search = |_| GroupSearch {
            deviation: vec![f32::NAN; columns],
            extended: vec![0; columns],
            smoother: Smoother::new(Ring::new(inner, width), input.params.snr_threshold, columns),
            regions: Regions::default(),
        };
        Self {
            input,
            noise,
            group_dq: group_dq.view(),
            signal_dn: input.ramp_dn.index_axis(Axis(0), integration),
            integration,
            found: groups.clone().map(search).collect(),
            groups,
        }
    }

    /// Finds a row, if the image has it.
    fn row(&self, row: usize) -> Option<SearchRow<'a>> {
        let (input, noise) = (self.input, self.noise);
        let planes = self.groups.start - 1..self.groups.end;
        let depth = noise.median.len_of(Axis(0)) - 1;
        let depths = self.groups.clone().map(|group| (group - 1).min(depth));
        let of_noise = |image: &'a Array3<f32>| {
            let rows = depths
                .clone()
                .map(|depth| row_of(image.index_axis(Axis(0), depth), row));
            rows.collect()
        };
        (row < input.pixel_dq.nrows()).then(|| SearchRow {
            signal_dn: planes
                .clone()
                .map(|plane| row_of(self.signal_dn.index_axis_move(Axis(0), plane), row))
                .collect(),
            dq: planes
                .map(|plane| row_of(self.group_dq.index_axis_move(Axis(0), plane), row))
                .collect(),
            median: of_noise(&noise.median),
            sigma: of_noise(&noise.sigma),
            pixel_dq: row_of(input.pixel_dq, row),
            gain: row_of(input.gain_e_per_dn, row),
        })
    }

    /// Finds the deviations of a row in all groups.
    #[inline(always)]
    fn find_deviations(&mut self, row: usize, loaded: &SearchRow<'_>) {
        let flags = self.input.flags;
        let flags = flags.jump | flags.saturated | flags.do_not_use;
        let mut electrons = Electrons {
            mask: Unflagged {
                hits: self.input.hits,
                first_row: 0,
                flags: self.input.flags,
            },
            gain: [0.0; LANES],
        };
        let first = self.integration * self.input.ramp_dn.len_of(Axis(1)) + self.groups.start - 1;
        // Of the last block.
        let (mut medians, mut sigmas, mut bytes) = ([0.0; LANES], [0.0; LANES], [0; LANES]);
        for block in Block::of_row(row, loaded.gain.len()) {
            electrons.load_gain(block, loaded, self.input.pixel_flags);
            let mut before = electrons.of_plane(block, loaded, 0, first);
            for (index, found) in self.found.iter_mut().enumerate() {
                let now = electrons.of_plane(block, loaded, index + 1, first);
                let median = block.view(&loaded.median[index], &mut medians);
                let sigma = block.view(&loaded.sigma[index], &mut sigmas);
                let dq = block.view(&loaded.dq[index + 1], &mut bytes);
                let mut deviation = [f32::NAN; LANES];
                for lane in 0..LANES {
                    let difference = now[lane] - before[lane];
                    let ratio = (difference - median[lane]).abs() / sigma[lane];
                    let flagged = dq[lane] & flags != 0;
                    deviation[lane] = if flagged { f32::NAN } else { ratio };
                }
                found.deviation[block.column..block.column + block.width]
                    .copy_from_slice(&deviation[..block.width]);
                before = now;
            }
        }
    }
}

/// Signals in electrons, NaN where they cannot be used.
struct Electrons<'a> {
    mask: Unflagged<'a>,
    /// Of a block of columns; NaN in pixels that cannot be used.
    gain: [f32; LANES],
}

impl Electrons<'_> {
    #[inline(always)]
    fn load_gain(&mut self, block: Block, row: &SearchRow<'_>, flags: PixelFlags) {
        let bad = flags.jump | flags.saturated | flags.do_not_use;
        let gain = block.lanes(&row.gain, f32::NAN);
        let pixel_dq = block.lanes(&row.pixel_dq, 0);
        for lane in 0..LANES {
            let flagged = (pixel_dq[lane] & bad != 0) | (pixel_dq[lane] == flags.reference_pixel);
            self.gain[lane] = if flagged { f32::NAN } else { gain[lane] };
        }
    }

    /// Those of the plane with an index in the row; `first` is the number of its first plane among all of the exposure.
    #[inline(always)]
    fn of_plane(
        &mut self,
        block: Block,
        row: &SearchRow<'_>,
        index: usize,
        first: usize,
    ) -> [f32; LANES] {
        let (mut reals, mut bytes) = ([f32::NAN; LANES], [0; LANES]);
        let signal = block.view(&row.signal_dn[index], &mut reals);
        let dq = block.view(&row.dq[index], &mut bytes);
        let unusable = self.mask.unusable(block, first + index, dq);
        let mut electrons = [0.0; LANES];
        for lane in 0..LANES {
            let signal = signal[lane] * self.gain[lane];
            electrons[lane] = if unusable[lane] { f32::NAN } else { signal };
        }
        electrons
    }
}

/// Takes the next row of deviations and marks those pixels of an earlier row that are extended emission.
struct SmoothRow<'a, 'd, 'i, 'r> {
    search: &'a mut Search<'d, 'i>,
    row: usize,
    loaded: Option<&'a SearchRow<'r>>,
}

impl Kernel for SmoothRow<'_, '_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        if let Some(loaded) = self.loaded {
            self.search.find_deviations(self.row, loaded);
        }
        for found in &mut self.search.found {
            let deviation = self.loaded.map(|_| &*found.deviation);
            found.smoother.push(deviation);
            if self.row >= found.smoother.delay() {
                found.smoother.mark(&mut found.extended);
            }
        }
    }
}

/// Finds the showers that arrived just before each of some groups that follow each other.
///
/// `group_dq` is the integration's, `(group, row, column)`, before any shower has been flagged. Groups searched together
/// take less time than one by one; four of them fit into a second-level cache.
///
/// # Errors
/// [`JumpError::Shape`] if the arrays do not agree.
///
/// # Panics
/// If the groups are not those of an integration.
///
/// # Source
/// stcal 1.20.0 `jump/jump.py::get_bigellipses`. The smoothed ratios agree to about 1e-6: the reference transforms them
/// in single precision, here the ring is summed in double precision. A pixel that close to the threshold may fall on the
/// other side of it.
pub fn find_showers(
    input: &ShowerInput<'_>,
    noise: &ShowerNoise,
    group_dq: ArrayView3<'_, u8>,
    integration: usize,
    groups: Range<usize>,
) -> Result<Vec<Vec<Ellipse>>, JumpError> {
    let (_, depth, rows, columns) = input.ramp_dn.dim();
    JumpError::check(
        "the group quality",
        &[depth, rows, columns],
        group_dq.shape(),
    )?;
    JumpError::check("the noise", &[rows, columns], &noise.median.shape()[1..])?;
    assert!(groups.end <= depth, "the integration has {depth} groups");
    let first = (input.first_good_group(group_dq) + 1).clamp(groups.start, groups.end);
    let mut showers = vec![Vec::new(); first - groups.start];
    if first == groups.end {
        return Ok(showers);
    }
    let mut search = Search::new(input, noise, &group_dq, (integration, first..groups.end));
    let delay = search.found[0].smoother.delay();
    for row in 0..rows + delay {
        let loaded = search.row(row);
        run_vectorised(SmoothRow {
            search: &mut search,
            row,
            loaded: loaded.as_ref(),
        });
        if let Some(row) = row.checked_sub(delay) {
            for found in &mut search.found {
                found.regions.add_row(row, &found.extended);
            }
        }
    }
    let found = search.found.into_iter();
    showers.extend(found.map(|found| found.regions.ellipses(input.params.min_area)));
    Ok(showers)
}

/// Flags the showers of an integration as jumps.
///
/// `showers` holds for each group what [`find_showers`] found; `group_dq` is the integration's. Pixels whose mean
/// difference would change by more than `max_amplitude` keep the flags that they had.
///
/// # Errors
/// [`JumpError::Shape`] if the arrays do not agree; nothing has been modified then.
///
/// # Source
/// stcal 1.20.0 `jump/jump.py::extend_ellipses` and `max_flux_showers`. Tolerance: exact.
pub fn flag_showers(
    input: &ShowerInput<'_>,
    mut group_dq: ArrayViewMut3<'_, u8>,
    integration: usize,
    showers: &[Vec<Ellipse>],
) -> Result<(), JumpError> {
    let (_, groups, rows, columns) = input.ramp_dn.dim();
    JumpError::check(
        "the group quality",
        &[groups, rows, columns],
        group_dq.shape(),
    )?;
    JumpError::check("the list of showers", &[groups], &[showers.len()])?;
    let params = input.params;
    let mut flagged: Vec<((usize, usize), usize)> = Vec::new();
    for (group, showers) in showers.iter().enumerate() {
        let last = group
            .saturating_add(params.groups_masked_after)
            .min(groups - 1);
        for shower in showers {
            let (minor, major) = shower.grown(params.expand_factor, params.max_width);
            let mut stamp = shower.stamp(minor, major, (rows, columns));
            flag_stamp(
                &mut group_dq,
                group..last + 1,
                &mut stamp,
                input.flags,
                |group, at| flagged.push((at, group)),
            );
        }
    }
    flagged.sort_unstable();
    for pixel in flagged.chunk_by(|a, b| a.0 == b.0) {
        let at = pixel[0].0;
        let after = |group: usize| group_dq[[group, at.0, at.1]];
        let added = |group: usize| pixel.binary_search(&(at, group)).is_ok();
        let before = |group: usize| {
            if added(group) {
                after(group) & !input.flags.jump
            } else {
                after(group)
            }
        };
        let change =
            (input.rate(before, integration, at) - input.rate(after, integration, at)).abs();
        let plausible = change <= params.max_amplitude as f32 && change.is_finite();
        if !plausible || input.is_reference(input.pixel_dq[[at.0, at.1]]) {
            for (_, group) in pixel {
                group_dq[[*group, at.0, at.1]] &= !input.flags.jump;
            }
        }
    }
    Ok(())
}
