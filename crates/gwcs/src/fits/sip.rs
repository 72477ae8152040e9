//! The fit of a tangential projection with distortion to a [`Wcs`].

use super::fit::{Pair, Samples, rising_degree};
use super::{Distortion, FitsError, FitsWcs};
use crate::frame::Frame;
use crate::model::{Mapping, Projection, SkyRotation};
use crate::transform::Transform;
use crate::wcs::Wcs;

/// How [`Wcs::to_fits_sip`] fits.
#[derive(Debug, Clone, PartialEq)]
pub struct SipOptions {
    /// Degrees to try, rising; a single one is taken whatever its error.
    pub degrees: Vec<usize>,
    /// The error at which no higher degree is tried \[pixel\].
    pub max_error_pixels: f64,
    /// Degrees to try for the way back.
    pub inverse_degrees: Vec<usize>,
    /// The same for the way back \[pixel\]; zero for no way back.
    pub max_inverse_error_pixels: f64,
    /// Points along each side of the grid, at least 8.
    pub points: usize,
    /// The reference pixel, counted from 0; by default near the centre of the bounding box.
    pub reference_pixel: Option<[f64; 2]>,
}

impl Default for SipOptions {
    fn default() -> Self {
        Self {
            degrees: (1..10).collect(),
            max_error_pixels: 0.25,
            inverse_degrees: (1..10).collect(),
            max_inverse_error_pixels: 0.25,
            points: 32,
            reference_pixel: None,
        }
    }
}

impl SipOptions {
    fn check(&self) -> Result<(), FitsError> {
        if self.points < 8 {
            return Err(FitsError::Parameter {
                name: "points",
                expected: "at least 8",
                found: self.points.to_string(),
            });
        }
        for (name, degrees) in [
            ("degrees", &self.degrees),
            ("inverse_degrees", &self.inverse_degrees),
        ] {
            let rising = degrees.windows(2).all(|pair| pair[0] < pair[1]);
            if !rising || degrees.is_empty() || degrees.iter().any(|d| !(1..=9).contains(d)) {
                return Err(FitsError::Parameter {
                    name,
                    expected: "rising numbers from 1 to 9",
                    found: format!("{degrees:?}"),
                });
            }
        }
        Ok(())
    }
}

/// The two pixel axes, and the way from them to the sky.
struct Imaging {
    /// Longitude and latitude of two pixel coordinates.
    sky: Transform,
    /// Low and high ends of both pixel axes.
    bounds: [[f64; 2]; 2],
}

/// The plane of projection around a reference pixel.
struct Plane {
    reference_pixel: [f64; 2],
    reference_sky_deg: [f64; 2],
    pole_longitude_deg: f64,
    /// From pixels to the plane \[deg\].
    from_pixels: Transform,
}

impl Wcs {
    /// The tangential projection with SIP distortion that is closest to it.
    ///
    /// # Errors
    /// It does not lead from two pixel coordinates to the sky, its bounding box is missing or too small, or the fit has
    /// no solution.
    pub fn to_fits_sip(&self, options: &SipOptions) -> Result<FitsWcs, FitsError> {
        options.check()?;
        let imaging = Imaging::of(self)?;
        let plane = Plane::at(&imaging, options.reference_pixel)?;
        let samples = plane.samples(&imaging.grid(options.points, plane.reference_pixel))?;
        let dense = plane.samples(&imaging.grid(2 * options.points, plane.reference_pixel))?;
        let pixel_deg = plane.pixel_deg()?;
        let tolerance = options.max_error_pixels * pixel_deg;
        let forward = rising_degree(&options.degrees, tolerance, &samples, &dense)?;
        let (cd, distortion) = split(&forward);
        let backward = if options.max_inverse_error_pixels > 0.0 {
            let (samples, dense) = (back(cd, &samples), back(cd, &dense));
            let tolerance = options.max_inverse_error_pixels;
            let degrees = &options.inverse_degrees;
            Some(rising_degree(degrees, tolerance, &samples, &dense)?)
        } else {
            None
        };
        let distorted = forward.parts[0].degree > 1;
        let backward = backward.filter(|_| distorted);
        Ok(FitsWcs {
            reference_pixel: plane.reference_pixel,
            reference_sky_deg: plane.reference_sky_deg,
            pole_longitude_deg: plane.pole_longitude_deg,
            cd,
            distortion: distorted.then_some(distortion),
            max_inverse_error_pixels: backward.as_ref().map(|pair| pair.max_error),
            inverse_distortion: backward.map(|pair| pair.parts),
            max_error_pixels: forward.max_error / pixel_deg,
            name: self.output_frame().name().to_string(),
            reference_system: reference_system(self.output_frame()),
            upper_bounds: imaging.bounds.map(|[_, high]| high),
        })
    }
}

fn reference_system(frame: &Frame) -> String {
    let mut references = frame
        .parts()
        .iter()
        .filter_map(|part| part.reference.as_ref());
    references.next().map_or("ICRS".to_string(), |reference| {
        reference.system.to_uppercase()
    })
}

impl Imaging {
    fn of(wcs: &Wcs) -> Result<Self, FitsError> {
        let [lon, lat] = wcs
            .output_frame()
            .sky_axes()
            .ok_or(FitsError::NotCelestial)?;
        let forward = wcs.forward()?.with_bounding_box(None)?;
        let rows = forward.separability();
        let n_inputs = forward.n_inputs();
        let axes: Vec<usize> = (0..n_inputs)
            .filter(|&input| rows[lon][input] || rows[lat][input])
            .collect();
        let intervals = wcs.bounding_box().map(|bounds| bounds.intervals.clone());
        let intervals: Option<Vec<_>> = intervals.unwrap_or_default().into_iter().collect();
        let intervals = intervals.filter(|intervals| intervals.len() == n_inputs);
        let intervals = intervals.ok_or(FitsError::NoBoundingBox)?;
        let [first, second] = axes[..] else {
            return Err(FitsError::Inputs { found: axes.len() });
        };
        // What the sky does not depend on stays at the centre of its interval.
        let others = (0..n_inputs).filter(|input| !axes.contains(input));
        let fixed: Vec<_> = others
            .map(|input| {
                (
                    input,
                    f64::midpoint(intervals[input].low, intervals[input].high),
                )
            })
            .collect();
        let n_outputs = forward.n_outputs();
        let sky = if fixed.is_empty() {
            forward
        } else {
            forward.fix(fixed)?
        };
        let bounds = [first, second].map(|axis| [intervals[axis].low, intervals[axis].high]);
        let [width, height] = bounds.map(|[low, high]| high - low);
        if width < 1.0 || height < 1.0 {
            return Err(FitsError::TooSmall { width, height });
        }
        let sky = sky.then(Mapping::new(vec![lon, lat], Some(n_outputs))?.into())?;
        Ok(Self { sky, bounds })
    }

    /// Pixels on a grid over the bounding box, relative to a reference pixel.
    fn grid(&self, points: usize, reference: [f64; 2]) -> Vec<[f64; 2]> {
        let lines = [0, 1].map(|axis| {
            let [low, high] = self.bounds[axis];
            let step = (low - high) / (1.0 - points as f64);
            // Parity: numpy's mgrid counts by rounding up, which may add a point beyond the end.
            let count = ((high + step - low) / step).ceil() as usize;
            (0..count).map(move |n| low + n as f64 * step - reference[axis])
        });
        let [columns, rows] = lines;
        rows.flat_map(|v| columns.clone().map(move |u| [u, v]))
            .collect()
    }
}

impl Plane {
    fn at(imaging: &Imaging, reference: Option<[f64; 2]>) -> Result<Self, FitsError> {
        let middle = || {
            imaging
                .bounds
                .map(|[low, high]| (f64::midpoint(low, high) * 10.0).round_ties_even() / 10.0)
        };
        let reference_pixel = reference.unwrap_or_else(middle);
        let sky = imaging.sky.evaluate_point(&reference_pixel)?;
        let (lon, lat) = (sky[0], sky[1]);
        if !(lon.is_finite() && lat.is_finite()) {
            return Err(FitsError::NotFinite);
        }
        let pole_longitude_deg = if lat < 90.0 { 180.0 } else { 0.0 };
        let native = SkyRotation::celestial_to_native(lon, lat, pole_longitude_deg);
        let from_pixels = imaging.sky.clone().then(native.into())?;
        Ok(Self {
            reference_pixel,
            reference_sky_deg: [lon, lat],
            pole_longitude_deg,
            from_pixels: from_pixels.then(Projection::Gnomonic.sky_to_pixel().into())?,
        })
    }

    /// The plane of projection at pixels that are relative to the reference pixel.
    fn samples(&self, at: &[[f64; 2]]) -> Result<Samples, FitsError> {
        let line = |axis: usize| -> Vec<f64> {
            let reference = self.reference_pixel[axis];
            at.iter().map(|point| point[axis] + reference).collect()
        };
        let plane = self.from_pixels.evaluate(&[&line(0), &line(1)])?;
        let values: Vec<[f64; 2]> = plane[0]
            .iter()
            .zip(&plane[1])
            .map(|(x, y)| [*x, *y])
            .collect();
        if values.iter().flatten().any(|value| !value.is_finite()) {
            return Err(FitsError::NotFinite);
        }
        Ok(Samples {
            at: at.to_vec(),
            values,
        })
    }

    /// The side of a square of the area of the reference pixel \[deg\].
    fn pixel_deg(&self) -> Result<f64, FitsError> {
        let corner = self.samples(&[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])?.values;
        let [x0, y0] = corner[0];
        let ([xx, xy], [yx, yy]) = (corner[1], corner[2]);
        let area = (xx - x0) * (yy - y0) - (xy - y0) * (yx - x0);
        Ok(area.abs().sqrt())
    }
}

/// The linear part as a matrix, and the rest as what has to be added to the pixel coordinates before it.
fn split(fit: &Pair) -> ([[f64; 2]; 2], [Distortion; 2]) {
    let cd = fit
        .parts
        .each_ref()
        .map(|part| [part.coefficient([1, 0]), part.coefficient([0, 1])]);
    let higher = fit
        .parts
        .each_ref()
        .map(|part| part.only(|power| power > 1));
    let [x, y] = &higher;
    let pairs = x.terms.iter().zip(&y.terms);
    let solved: Vec<_> = pairs
        .map(|((powers, a), (_, b))| (*powers, solve(cd, [*a, *b])))
        .collect();
    let part = |axis: usize| Distortion {
        degree: fit.parts[axis].degree,
        terms: solved
            .iter()
            .map(|(powers, c)| (*powers, c[axis]))
            .collect(),
    };
    (cd, [part(0), part(1)])
}

/// Undistorted pixel coordinates, and what has to be added to them to get the true ones.
fn back(cd: [[f64; 2]; 2], samples: &Samples) -> Samples {
    let at: Vec<[f64; 2]> = samples
        .values
        .iter()
        .map(|plane| solve(cd, *plane))
        .collect();
    let pairs = samples.at.iter().zip(&at);
    let values = pairs.map(|([u, v], [linear_u, linear_v])| [u - linear_u, v - linear_v]);
    Samples {
        values: values.collect(),
        at,
    }
}

/// The solution of a system of two equations.
fn solve([[a, b], [c, d]]: [[f64; 2]; 2], [x, y]: [f64; 2]) -> [f64; 2] {
    let determinant = a * d - b * c;
    [(d * x - b * y) / determinant, (a * y - c * x) / determinant]
}
