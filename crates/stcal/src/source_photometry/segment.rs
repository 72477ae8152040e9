//! Flux, centroid and shape of a segment.

use ndarray::{Array2, ArrayView2, s};

use crate::source_finding::{Segmentation, pairwise_sum};

/// The variance of a position within a pixel.
const PIXEL_VARIANCE: f64 = 1.0 / 12.0;

/// The images that segments are measured on.
#[derive(Debug, Clone, Copy)]
pub struct SegmentImages<'a> {
    /// The image without its background.
    pub data: ArrayView2<'a, f32>,
    /// The image on which sources were found; shapes are measured on it.
    pub convolved: ArrayView2<'a, f32>,
    /// Standard deviations.
    pub err: ArrayView2<'a, f32>,
    /// Pixels that are not to be used.
    pub mask: ArrayView2<'a, bool>,
}

/// What is measured of a segment. Everything is NaN that rests on no pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SegmentProperties {
    /// Centroid along columns [pixel].
    pub x: f64,
    /// Centroid along rows [pixel].
    pub y: f64,
    /// Sum of the pixels, without local background.
    pub flux: f64,
    /// Standard deviation of the sum, in 32 bits.
    pub flux_err: f32,
    /// Number of pixels with a value.
    pub area: f64,
    /// Lowest value.
    pub min: f64,
    /// Highest value.
    pub max: f64,
    /// Standard deviation along the longer axis [pixel].
    pub semimajor_sigma: f64,
    /// Standard deviation along the shorter axis [pixel].
    pub semiminor_sigma: f64,
    /// Angle of the longer axis from the direction of x [degree], in [0, 360).
    pub orientation_deg: f64,
}

impl SegmentProperties {
    /// One minus the ratio of the axes.
    #[must_use]
    pub fn ellipticity(&self) -> f64 {
        1.0 - self.semiminor_sigma / self.semimajor_sigma
    }
}

impl SegmentImages<'_> {
    /// Measures the segment `index` of a segmentation, with a local background for each pixel.
    ///
    /// # Source
    /// photutils 3.0.0 `segmentation/catalog.py::SourceCatalog`: `centroid`, `segment_flux`, `semimajor_axis` and others.
    #[must_use]
    pub fn measure(
        &self,
        segmentation: &Segmentation,
        index: usize,
        local_background: f64,
    ) -> SegmentProperties {
        let segment = &segmentation.segments()[index];
        let window = s![segment.rows.clone(), segment.columns.clone()];
        let label = index as i32 + 1;
        let inside = segmentation.labels().slice(window).mapv(|at| at == label);
        let values = self.values(segmentation, index, &inside);
        let area = values.data.len() as f64;
        let moments = Moments::of(
            &inside,
            self.convolved.slice(window),
            self.mask.slice(window),
        );
        let covariance = moments.covariance();
        let (major, minor) = covariance.axes();
        let sum: f64 = values.data.iter().sum();
        let extreme = |start: f64, pick: fn(f64, f64) -> f64| {
            values.data.iter().copied().fold(start, pick) - local_background
        };
        let unless_empty = |value: f64| if area > 0.0 { value } else { f64::NAN };
        SegmentProperties {
            x: moments.x + segment.columns.start as f64,
            y: moments.y + segment.rows.start as f64,
            flux: unless_empty(sum - area * local_background),
            flux_err: values.error(),
            area: unless_empty(area),
            min: unless_empty(extreme(f64::INFINITY, f64::min)),
            max: unless_empty(extreme(f64::NEG_INFINITY, f64::max)),
            semimajor_sigma: major,
            semiminor_sigma: minor,
            orientation_deg: covariance.orientation_deg(),
        }
    }

    /// Values of the segment's pixels that may be used.
    fn values(
        &self,
        segmentation: &Segmentation,
        index: usize,
        inside: &Array2<bool>,
    ) -> PixelValues {
        let segment = &segmentation.segments()[index];
        let window = s![segment.rows.clone(), segment.columns.clone()];
        let mut values = PixelValues::default();
        let data = self.data.slice(window);
        let (err, mask) = (self.err.slice(window), self.mask.slice(window));
        for (((value, err), masked), inside) in data.iter().zip(err).zip(mask).zip(inside) {
            if *inside && !masked && value.is_finite() {
                values.data.push(f64::from(*value));
                values.squared_errors.push(err * err);
            }
        }
        values
    }
}

#[derive(Default)]
struct PixelValues {
    data: Vec<f64>,
    squared_errors: Vec<f32>,
}

impl PixelValues {
    /// Standard deviation of the sum, in the order in which numpy's `reduceat` adds.
    fn error(&self) -> f32 {
        let Some((first, rest)) = self.squared_errors.split_first() else {
            return f32::NAN;
        };
        (first + pairwise_sum(rest)).sqrt()
    }
}

/// Centroid in the segment's box, and normalised second moments about it.
struct Moments {
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Moments {
    fn of(
        inside: &Array2<bool>,
        convolved: ArrayView2<'_, f32>,
        mask: ArrayView2<'_, bool>,
    ) -> Self {
        let pixels = || {
            inside
                .indexed_iter()
                .zip(convolved)
                .zip(mask)
                .filter(|(((_, inside), value), masked)| {
                    **inside && value.is_finite() && **value >= 0.0 && !**masked
                })
                .map(|((((y, x), _), value), _)| (x as f64, y as f64, f64::from(*value)))
        };
        let (mut sum, mut sum_x, mut sum_y) = (0.0, 0.0, 0.0);
        for (x, y, value) in pixels() {
            sum += value;
            sum_x += x * value;
            sum_y += y * value;
        }
        let (x0, y0) = (sum_x / sum, sum_y / sum);
        let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
        for (x, y, value) in pixels() {
            let (dx, dy) = (x - x0, y - y0);
            xx += dx * dx * value;
            yy += dy * dy * value;
            xy += dx * dy * value;
        }
        Self {
            x: x0,
            y: y0,
            xx: xx / sum,
            yy: yy / sum,
            xy: xy / sum,
        }
    }

    /// The covariance, made wider for sources that are as thin as a pixel, as Source Extractor does.
    fn covariance(&self) -> Covariance {
        let mut covariance = Covariance {
            xx: self.xx,
            yy: self.yy,
            xy: self.xy,
        };
        if covariance.determinant() < 0.0 {
            covariance = Covariance {
                xx: f64::NAN,
                yy: f64::NAN,
                xy: f64::NAN,
            };
        }
        while covariance.determinant() < PIXEL_VARIANCE * PIXEL_VARIANCE {
            covariance.xx += PIXEL_VARIANCE;
            covariance.yy += PIXEL_VARIANCE;
        }
        covariance
    }
}

#[derive(Clone, Copy)]
struct Covariance {
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Covariance {
    /// The determinant by elimination with pivoting, whose sign decides for thin sources.
    fn determinant(&self) -> f64 {
        if self.xy.abs() > self.xx.abs() {
            let factor = self.xx / self.xy;
            return -self.xy * (self.xy - factor * self.yy);
        }
        if self.xx == 0.0 {
            return 0.0;
        }
        let factor = self.xy / self.xx;
        self.xx * (self.yy - factor * self.xy)
    }

    /// Standard deviations along the longer and the shorter axis.
    fn axes(&self) -> (f64, f64) {
        let mean = 0.5 * (self.xx + self.yy);
        let half = 0.5 * (self.xx - self.yy);
        let spread = (half * half + self.xy * self.xy).sqrt();
        let (major, minor) = (mean + spread, mean - spread);
        if minor < 0.0 {
            return (f64::NAN, f64::NAN);
        }
        (major.sqrt(), minor.sqrt())
    }

    fn orientation_deg(&self) -> f64 {
        let angle = 0.5 * (2.0 * self.xy).atan2(self.xx - self.yy);
        angle.to_degrees().rem_euclid(360.0)
    }
}
