//! Results of single segments.

use ndarray::{Array3, Array4, ArrayViewMut3, Axis, s};

use super::segment::SegmentFit;

/// One quantity for the k-th segment of every ramp, for all k.
type Planes = Vec<Array3<f32>>;

/// Results of the segments of a band of rows.
///
/// Made by [`super::fit_ols_band`], put together by [`OptionalResults::assemble`].
#[derive(Debug, Clone)]
pub struct BandSegments {
    shape: (usize, usize, usize),
    declared: usize,
    slope: Planes,
    sigma_slope: Planes,
    var_poisson: Planes,
    var_rnoise: Planes,
    y_intercept: Planes,
    sigma_y: Planes,
    weight: Planes,
    jump: Planes,
    pedestal: Array3<f32>,
}

/// Place of a ramp in a band: integration, row, column.
pub(super) type Place = [usize; 3];

/// Stores a value of the k-th segment.
fn store(planes: &mut Planes, shape: (usize, usize, usize), k: usize, place: Place, value: f64) {
    while planes.len() <= k {
        planes.push(Array3::zeros(shape));
    }
    planes[k][place] = value as f32;
}

impl BandSegments {
    /// No segments, for a band of `(integration, row, column)`.
    pub(super) fn new(shape: (usize, usize, usize)) -> Self {
        Self {
            shape,
            declared: 0,
            slope: Planes::new(),
            sigma_slope: Planes::new(),
            var_poisson: Planes::new(),
            var_rnoise: Planes::new(),
            y_intercept: Planes::new(),
            sigma_y: Planes::new(),
            weight: Planes::new(),
            jump: Planes::new(),
            pedestal: Array3::zeros(shape),
        }
    }

    /// Makes room for `count` segments.
    pub(super) fn declare(&mut self, count: usize) {
        self.declared = self.declared.max(count);
    }

    /// Stores the k-th segment of a ramp.
    pub(super) fn set_segment(&mut self, k: usize, place: Place, fit: &SegmentFit) {
        let shape = self.shape;
        store(&mut self.slope, shape, k, place, fit.slope);
        store(&mut self.sigma_slope, shape, k, place, fit.sigma_slope);
        store(&mut self.var_poisson, shape, k, place, fit.var_poisson);
        store(&mut self.var_rnoise, shape, k, place, fit.var_read);
        store(&mut self.y_intercept, shape, k, place, fit.y_intercept);
        store(&mut self.sigma_y, shape, k, place, fit.sigma_y);
        store(&mut self.weight, shape, k, place, 1.0 / fit.var_read);
    }

    /// Stores the height of the k-th jump of a ramp \[DN\].
    pub(super) fn set_jump(&mut self, k: usize, place: Place, height: f64) {
        store(&mut self.jump, self.shape, k, place, height);
    }

    /// Stores the signal of a ramp at the reset \[DN\].
    pub(super) fn set_pedestal(&mut self, place: Place, pedestal: f64) {
        self.pedestal[place] = if pedestal.is_nan() {
            0.0
        } else {
            pedestal as f32
        };
    }
}

/// Results of single segments for an exposure, 0 where a ramp has fewer segments than others.
#[derive(Debug, Clone, PartialEq)]
pub struct OptionalResults {
    /// Slope of each segment `(integration, segment, row, column)` \[DN/s\].
    pub slope: Array4<f32>,
    /// Uncertainty of the slope for the weights of the fit, same shape; 0 for single samples.
    pub sigma_slope: Array4<f32>,
    /// Variance of the slope due to photons, same shape \[(DN/s)²\].
    pub var_poisson: Array4<f32>,
    /// Variance of the slope due to reading, same shape \[(DN/s)²\].
    pub var_rnoise: Array4<f32>,
    /// Signal at group 0, counted from 0, same shape \[DN\].
    pub y_intercept: Array4<f32>,
    /// Uncertainty of the signal at group 0, same shape.
    pub sigma_y_intercept: Array4<f32>,
    /// Signal of each ramp at the reset `(integration, row, column)` \[DN\].
    pub pedestal: Array3<f32>,
    /// Weight of each segment in the rate `(integration, segment, row, column)`.
    pub weight: Array4<f32>,
    /// Heights of the jumps of each ramp `(integration, jump, row, column)` \[DN\].
    pub jump_height: Array4<f32>,
}

impl OptionalResults {
    /// Puts the bands of an exposure together, in the order of their rows.
    ///
    /// The numbers of segments and jumps are the largest of all ramps; they may be 0.
    ///
    /// # Panics
    /// If the bands differ in their numbers of integrations or columns: they are not of one exposure.
    pub fn assemble(bands: &[BandSegments]) -> Self {
        let (integrations, _, columns) = bands.first().map_or((0, 0, 0), |band| band.shape);
        let rows = bands.iter().map(|band| band.shape.1).sum();
        let declared = bands.iter().map(|band| band.declared).max().unwrap_or(0);
        let jumps = bands.iter().map(|band| band.jump.len()).max().unwrap_or(0);
        let collect = |count: usize, planes: fn(&BandSegments) -> &Planes| {
            let mut whole = Array4::zeros((integrations, count, rows, columns));
            for (k, plane) in whole.axis_iter_mut(Axis(1)).enumerate() {
                join_rows(plane, bands, |band| planes(band).get(k));
            }
            whole
        };
        let mut pedestal = Array3::zeros((integrations, rows, columns));
        join_rows(pedestal.view_mut(), bands, |band| Some(&band.pedestal));
        Self {
            slope: collect(declared, |band| &band.slope),
            sigma_slope: collect(declared, |band| &band.sigma_slope),
            var_poisson: collect(declared, |band| &band.var_poisson),
            var_rnoise: collect(declared, |band| &band.var_rnoise),
            y_intercept: collect(declared, |band| &band.y_intercept),
            sigma_y_intercept: collect(declared, |band| &band.sigma_y),
            pedestal,
            weight: collect(declared, |band| &band.weight),
            jump_height: collect(jumps, |band| &band.jump),
        }
    }
}

/// Copies the planes of all bands into their rows of `whole`; bands without one leave their rows alone.
fn join_rows<'a>(
    mut whole: ArrayViewMut3<'_, f32>,
    bands: &'a [BandSegments],
    plane: impl Fn(&'a BandSegments) -> Option<&'a Array3<f32>>,
) {
    let mut start = 0;
    for band in bands {
        let end = start + band.shape.1;
        if let Some(plane) = plane(band) {
            whole.slice_mut(s![.., start..end, ..]).assign(plane);
        }
        start = end;
    }
}
