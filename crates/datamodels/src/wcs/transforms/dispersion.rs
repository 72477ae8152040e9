//! Dispersion by the grisms of slitless spectroscopy: between the pixel of a source in a direct image and the pixel where
//! a wavelength of it falls.
//!
//! A parameter t runs from 0 to 1 along the spectrum. Offsets in x and y and the wavelength are functions of t, whose
//! coefficients may depend on the pixel of the source.

use gwcs::Transform;
use gwcs::model::{Model, Polynomial1d};

use super::selection::{gather, groups, scatter};

/// Whose grism it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grism {
    /// NIRCam.
    Nircam,
    /// NIRISS; it may be turned.
    Niriss,
    /// MIRI.
    Miri,
}

/// Which way, and along which axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the dispersed to the direct image, along rows.
    ForwardRow,
    /// From the dispersed to the direct image, along columns.
    ForwardColumn,
    /// From the direct to the dispersed image.
    Backward,
}

/// A function of t.
#[derive(Debug, Clone, PartialEq)]
pub enum Trace {
    /// The same for all pixels: a transform of t.
    Plain(Transform),
    /// Coefficients of rising powers of t, each a transform of the pixel; or a single transform of t.
    List(Vec<Transform>),
}

/// The dispersion of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The spectral order.
    pub number: i64,
    /// Wavelength as a function of t; of NIRISS and MIRI backward, t as a function of the wavelength.
    pub wavelength: Trace,
    /// Offset in x \[pixel\].
    pub x: Trace,
    /// Offset in y \[pixel\].
    pub y: Trace,
}

/// The dispersion of a grism.
///
/// Forward, (x, y, x0, y0, order) gives (x0, y0, wavelength, order); backward, (x0, y0, wavelength, order) gives
/// (x, y, x0, y0, order). Each point counts for itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Dispersion {
    /// Whose grism.
    pub grism: Grism,
    /// Which way.
    pub direction: Direction,
    /// Angle by which the grism is turned \[deg\]; of NIRISS.
    pub theta_deg: f64,
    /// The orders.
    pub orders: Vec<Order>,
}

impl Trace {
    /// Its transforms.
    pub fn transforms(&self) -> &[Transform] {
        match self {
            Self::Plain(one) => std::slice::from_ref(one),
            Self::List(list) => list,
        }
    }

    /// The transform of t, if the function is the same for all pixels.
    fn of_t(&self) -> Option<&Transform> {
        match self.transforms() {
            [one] if one.n_inputs() == 1 => Some(one),
            _ => None,
        }
    }

    /// Coefficients of rising powers of t: a list of pixels for each.
    fn coefficients(&self, x: &[f64], y: &[f64]) -> Vec<Vec<f64>> {
        let transforms = self.transforms().iter();
        transforms
            .map(|transform| match transform.compile().run(&[x, y]) {
                Ok(mut values) => values.swap_remove(0),
                Err(_) => vec![f64::NAN; x.len()],
            })
            .collect()
    }

    /// Its value at each pixel and t.
    fn at(&self, x: &[f64], y: &[f64], t: &[f64]) -> Vec<f64> {
        if let Some(transform) = self.of_t() {
            return run(transform, t);
        }
        let coefficients = self.coefficients(x, y);
        let points = t.iter().enumerate();
        points
            .map(|(index, t)| polynomial(&coefficients, index, *t))
            .collect()
    }

    /// Its values at many t, for each pixel.
    fn curves(&self, x: &[f64], y: &[f64], t: &[f64]) -> Vec<Vec<f64>> {
        if let Some(transform) = self.of_t() {
            return vec![run(transform, t); x.len()];
        }
        let coefficients = self.coefficients(x, y);
        let curve = |index| {
            t.iter()
                .map(|t| polynomial(&coefficients, index, *t))
                .collect()
        };
        (0..x.len()).map(curve).collect()
    }

    /// Constant and linear coefficient, if it is a polynomial of t alone.
    fn line(&self) -> Option<(f64, f64)> {
        let transform = self
            .transforms()
            .first()
            .filter(|first| first.n_inputs() == 1)?;
        let gwcs::Form::Model(model) = transform.form() else {
            return None;
        };
        match model
            .downcast_ref::<Polynomial1d>()?
            .coefficients
            .as_slice()
        {
            [c0, c1, ..] => Some((*c0, *c1)),
            _ => None,
        }
    }
}

fn run(transform: &Transform, t: &[f64]) -> Vec<f64> {
    match transform.compile().run(&[t]) {
        Ok(mut values) => values.swap_remove(0),
        Err(_) => vec![f64::NAN; t.len()],
    }
}

fn polynomial(coefficients: &[Vec<f64>], index: usize, t: f64) -> f64 {
    let powers = coefficients.iter().enumerate();
    powers
        .map(|(power, c)| c[index] * t.powi(power as i32))
        .sum()
}

/// Numbers from 0 to 1.
fn samples(count: usize) -> Vec<f64> {
    let step = 1.0 / (count - 1) as f64;
    (0..count).map(|n| n as f64 * step).collect()
}

/// The value at `x` of lines between points of rising `xs`; outside the outermost value.
fn interpolate(x: f64, xs: &[f64], ys: &[f64]) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    let above = xs.partition_point(|known| *known <= x);
    if above == 0 {
        return ys[0];
    }
    if above == xs.len() {
        return ys[above - 1];
    }
    let (x0, x1, y0, y1) = (xs[above - 1], xs[above], ys[above - 1], ys[above]);
    y0 + (y1 - y0) / (x1 - x0) * (x - x0)
}

/// As [`interpolate`]; outside, the outermost lines go on.
fn extrapolate(x: f64, xs: &[f64], ys: &[f64]) -> f64 {
    let above = xs
        .partition_point(|known| *known <= x)
        .clamp(1, xs.len() - 1);
    let (x0, x1, y0, y1) = (xs[above - 1], xs[above], ys[above - 1], ys[above]);
    y0 + (y1 - y0) * ((x - x0) / (x1 - x0))
}

/// A curve and its parameter, both in the order of the rising curve.
fn sorted(curve: &[f64], t: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut order: Vec<usize> = (0..curve.len()).collect();
    order.sort_by(|a, b| curve[*a].total_cmp(&curve[*b]));
    let pick = |list: &[f64]| order.iter().map(|&at| list[at]).collect();
    (pick(curve), pick(t))
}

impl Dispersion {
    fn backward(&self) -> bool {
        self.direction == Direction::Backward
    }

    /// How many t a curve is sampled at.
    fn sampling(&self) -> usize {
        match self.grism {
            Grism::Nircam => 40,
            Grism::Niriss | Grism::Miri => 10,
        }
    }

    /// Turns offsets with the grism.
    fn turned(&self, dx: f64, dy: f64) -> (f64, f64) {
        if self.grism != Grism::Niriss || self.theta_deg == 0.0 {
            return (dx, dy);
        }
        let (sin, cos) = self.theta_deg.to_radians().sin_cos();
        (cos * dx - sin * dy, sin * dx + cos * dy)
    }

    /// The t of points at distances from their sources.
    fn t_of_distance(&self, order: &Order, distance: &[f64], x0: &[f64], y0: &[f64]) -> Vec<f64> {
        let t = samples(self.sampling());
        let rows = self.direction == Direction::ForwardRow;
        let along = if rows { &order.x } else { &order.y };
        if self.grism == Grism::Nircam {
            if let Some((c0, c1)) = along.line() {
                return distance
                    .iter()
                    .map(|distance| (distance - c0) / c1)
                    .collect();
            }
            let curves = along.curves(x0, y0, &t);
            let points = distance.iter().zip(&curves);
            return points
                .map(|(distance, curve)| {
                    let (curve, t) = sorted(curve, &t);
                    interpolate(*distance, &curve, &t)
                })
                .collect();
        }
        let (x, y) = (order.x.curves(x0, y0, &t), order.y.curves(x0, y0, &t));
        let points = distance.iter().zip(x.iter().zip(&y));
        points
            .map(|(distance, (x, y))| {
                let curve = x.iter().zip(y).map(|(dx, dy)| self.turned(*dx, *dy));
                let curve: Vec<f64> = curve.map(|(dx, dy)| if rows { dx } else { dy }).collect();
                let (curve, t) = sorted(&curve, &t);
                extrapolate(*distance, &curve, &t)
            })
            .collect()
    }

    /// The t of wavelengths.
    fn t_of_wavelength(&self, order: &Order, wavelength: &[f64], x: &[f64], y: &[f64]) -> Vec<f64> {
        if self.grism != Grism::Nircam {
            return order.wavelength.at(x, y, wavelength);
        }
        let t = samples(self.sampling());
        let curves = order.wavelength.curves(x, y, &t);
        let single = order.wavelength.transforms().len() < 2;
        let points = wavelength.iter().zip(&curves);
        points
            .map(|(wavelength, curve)| {
                if single {
                    interpolate(*wavelength, curve, &t)
                } else {
                    nearest(*wavelength, curve, &t)
                }
            })
            .collect()
    }

    /// Results for points of one order.
    fn of_order(&self, order: &Order, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
        if self.backward() {
            let [x, y, wavelength, number] = inputs else {
                return Vec::new();
            };
            let t = self.t_of_wavelength(order, wavelength, x, y);
            let offsets = order.x.at(x, y, &t).into_iter().zip(order.y.at(x, y, &t));
            let pixels = offsets.zip(x.iter().zip(y)).zip(wavelength);
            let (there_x, there_y) = pixels
                .map(|(((dx, dy), (x, y)), wavelength)| {
                    let (dx, dy) = self.turned(dx, dy);
                    // A wavelength below zero has no place.
                    if *wavelength < 0.0 {
                        (f64::NAN, f64::NAN)
                    } else {
                        (x + dx, y + dy)
                    }
                })
                .unzip();
            return vec![there_x, there_y, x.clone(), y.clone(), number.clone()];
        }
        let [x, y, x0, y0, number] = inputs else {
            return Vec::new();
        };
        let (here, source) = match self.direction {
            Direction::ForwardRow => (x, x0),
            _ => (y, y0),
        };
        let distance: Vec<f64> = here.iter().zip(source).map(|(x, x0)| x - x0).collect();
        let t = self.t_of_distance(order, &distance, x0, y0);
        let wavelength = order.wavelength.at(x0, y0, &t);
        vec![x0.clone(), y0.clone(), wavelength, number.clone()]
    }
}

/// The t at which a curve comes closest to a value: where the slope of the squared difference is zero between the
/// closest sample and its neighbour.
///
/// Parity: stdatamodels 6.0.0 `_find_min_with_linear_interpolation`, slopes from the samples on both sides, the neighbour
/// before the closest sample where the slope there is negative.
fn nearest(value: f64, curve: &[f64], t: &[f64]) -> f64 {
    let squares: Vec<f64> = curve.iter().map(|known| (known - value).powi(2)).collect();
    if squares.iter().any(|square| square.is_nan()) {
        return f64::NAN;
    }
    let mut closest = 0;
    for (index, square) in squares.iter().enumerate() {
        if *square < squares[closest] {
            closest = index;
        }
    }
    let last = squares.len() - 1;
    if closest == 0 || closest == last {
        return t[closest];
    }
    let slope = |index: usize| {
        let (before, after) = (index.saturating_sub(1), (index + 1).min(last));
        (squares[after] - squares[before]) / (after - before) as f64
    };
    let here = slope(closest);
    if here == 0.0 {
        return t[closest];
    }
    let (left, right) = if here < 0.0 {
        (closest - 1, closest)
    } else {
        (closest, closest + 1)
    };
    let gradient = (slope(right) - slope(left)) / (t[right] - t[left]);
    t[right] - slope(right) / gradient
}

impl Model for Dispersion {
    fn n_inputs(&self) -> usize {
        if self.backward() { 4 } else { 5 }
    }

    fn n_outputs(&self) -> usize {
        if self.backward() { 5 } else { 4 }
    }

    fn input_names(&self) -> Vec<String> {
        let names: &[&str] = if self.backward() {
            &["x", "y", "wavelength", "order"]
        } else {
            &["x", "y", "x0", "y0", "order"]
        };
        names.iter().map(ToString::to_string).collect()
    }

    fn output_names(&self) -> Vec<String> {
        let names: &[&str] = if self.backward() {
            &["x", "y", "x0", "y0", "order"]
        } else {
            &["x", "y", "wavelength", "order"]
        };
        names.iter().map(ToString::to_string).collect()
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        for output in outputs.iter_mut() {
            output.fill(f64::NAN);
        }
        let Some(orders) = inputs.last() else {
            return;
        };
        for (number, points) in groups(orders) {
            let mut known = self.orders.iter();
            let Some(order) = known.find(|order| order.number == number.trunc() as i64) else {
                continue;
            };
            let results = self.of_order(order, &gather(inputs, &points));
            scatter(&results, &points, outputs);
        }
    }
}
