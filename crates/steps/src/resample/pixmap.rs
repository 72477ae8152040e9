//! Output pixels of input pixels.

use gwcs::mosaic::PlaneProjector;
use gwcs::{Program, Wcs};
use ndarray::Array2;
use rayon::prelude::*;
use stpipe::StepError;

use super::spline::{Spline, interpolate_grid};
use crate::bands;

/// How exactly the map is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapOptions {
    /// Distance of the pixels that are mapped exactly [pixel]; 1 for all.
    step: f64,
    spline: Spline,
}

impl MapOptions {
    /// Every pixel, or only pixels this far apart with a spline of order 1 or 3 between them.
    ///
    /// # Errors
    /// The order is another one.
    pub fn new(step: f64, order: i64) -> Result<Self, StepError> {
        let spline = match order {
            3 => Spline::Cubic,
            1 => Spline::Linear,
            // Only looked at if it is used.
            _ if step == 1.0 => Spline::Linear,
            _ => return Err(StepError::input("pixmap_order", "1 or 3", order)),
        };
        Ok(Self { step, spline })
    }
}

/// The two planes of a pixel map.
#[derive(Debug, Clone, Default)]
pub struct Planes {
    /// Output column of each input pixel; NaN where there is none.
    pub x: Array2<f64>,
    /// Output row.
    pub y: Array2<f64>,
}

impl Planes {
    /// Gives them as many rows and columns, with any values.
    pub fn reshape(&mut self, shape: (usize, usize)) {
        for plane in [&mut self.x, &mut self.y] {
            if plane.dim() != shape {
                *plane = Array2::zeros(shape);
            }
        }
    }
}

/// From the pixels of an input to those of the output.
#[derive(Debug)]
pub struct PixelMapper {
    to_output: Program,
    /// First and last column and row that are valid.
    columns: (usize, usize),
    rows: (usize, usize),
    shape: (usize, usize),
}

impl PixelMapper {
    /// For an input of `shape` rows and columns. The bounding box of the input limits what is mapped, that of the output
    /// does not.
    ///
    /// # Errors
    /// A transform is missing or has no inverse.
    pub fn new(from: &Wcs, to: &Wcs, shape: (usize, usize)) -> Result<Self, StepError> {
        let to_sky = from.forward().map_err(StepError::algorithm)?;
        if to_sky.n_inputs() != 2 || to_sky.n_outputs() != 2 {
            return Err(StepError::input(
                "meta.wcs",
                "a world coordinate system of an image",
                format!("{} to {} axes", to_sky.n_inputs(), to_sky.n_outputs()),
            ));
        }
        let from_sky = match PlaneProjector::of(to) {
            Some(plane) => plane.into(),
            None => to.backward().map_err(StepError::algorithm)?,
        };
        let to_output = to_sky.then(from_sky).map_err(StepError::algorithm)?;
        let intervals = from.bounding_box().map(|bbox| bbox.intervals.as_slice());
        let range = |axis: usize, size: usize| {
            let interval = intervals.and_then(|all| all.get(axis)?.as_ref());
            interval.map_or((0, size - 1), |interval| {
                let low = interval.low.ceil().max(0.0) as usize;
                let high = interval.high.floor().max(0.0) as usize;
                (low, high.min(size - 1))
            })
        };
        Ok(Self {
            to_output: to_output.compile(),
            columns: range(0, shape.1),
            rows: range(1, shape.0),
            shape,
        })
    }

    /// Maps points; all lists have one length.
    fn map_points(&self, from: [&[f64]; 2], to: [&mut [f64]; 2]) -> Result<(), StepError> {
        let [x, y] = to;
        self.to_output
            .run_into(&from, &mut [x, y])
            .map_err(StepError::algorithm)
    }

    /// The map of all pixels.
    ///
    /// # Errors
    /// A transform cannot be evaluated.
    pub fn map(&self, options: &MapOptions) -> Result<Planes, StepError> {
        // Pages of zeros: they come into being row by row, where they are filled.
        let room = Planes {
            x: Array2::zeros(self.shape),
            y: Array2::zeros(self.shape),
        };
        self.map_into(options, room)
    }

    /// The map of all pixels, in planes that have the shape of the input and any values.
    ///
    /// # Errors
    /// As [`Self::map`].
    pub fn map_into(&self, options: &MapOptions, room: Planes) -> Result<Planes, StepError> {
        let (width, height) = (
            (self.columns.1 + 1).saturating_sub(self.columns.0),
            (self.rows.1 + 1).saturating_sub(self.rows.0),
        );
        if options.step > 1.0
            && width.max(height) > 10
            && let Some(planes) = self.map_sparsely(options, width, height)?
        {
            return Ok(planes);
        }
        self.map_exactly(room)
    }

    fn map_exactly(&self, mut planes: Planes) -> Result<Planes, StepError> {
        let (first, last) = self.columns;
        let columns: Vec<f64> = (first..=last).map(|x| x as f64).collect();
        let width = self.shape.1.max(1);
        let x = planes
            .x
            .as_slice_mut()
            .unwrap_or_default()
            .par_chunks_mut(width);
        let y = planes
            .y
            .as_slice_mut()
            .unwrap_or_default()
            .par_chunks_mut(width);
        x.zip(y)
            .enumerate()
            .with_min_len(bands::ROWS)
            .try_for_each_init(
                || vec![0.0; columns.len()],
                |line, (row, (x, y))| {
                    if first > last || row < self.rows.0 || row > self.rows.1 {
                        x.fill(f64::NAN);
                        y.fill(f64::NAN);
                        return Ok(());
                    }
                    for plane in [&mut *x, &mut *y] {
                        plane[..first].fill(f64::NAN);
                        plane[last + 1..].fill(f64::NAN);
                    }
                    line.fill(row as f64);
                    let parts = [&mut x[first..=last], &mut y[first..=last]];
                    self.map_points([&columns, line], parts)
                },
            )?;
        Ok(planes)
    }

    /// Planes without a mapped pixel.
    fn unmapped(&self) -> Planes {
        Planes {
            x: Array2::from_elem(self.shape, f64::NAN),
            y: Array2::from_elem(self.shape, f64::NAN),
        }
    }

    /// The rows that can be mapped, with their numbers.
    fn row_slices<'p>(&self, planes: &'p mut Planes) -> Vec<(usize, &'p mut [f64], &'p mut [f64])> {
        let width = self.shape.1;
        let x = planes.x.as_slice_mut().into_iter();
        let y = planes.y.as_slice_mut().into_iter();
        x.flat_map(|x| x.chunks_mut(width))
            .zip(y.flat_map(|y| y.chunks_mut(width)))
            .enumerate()
            .map(|(row, (x, y))| (row, x, y))
            .skip(self.rows.0)
            .take((self.rows.1 + 1).saturating_sub(self.rows.0))
            .collect()
    }

    /// The map with only some pixels mapped exactly; `None` if one of these is not mapped.
    fn map_sparsely(
        &self,
        options: &MapOptions,
        width: usize,
        height: usize,
    ) -> Result<Option<Planes>, StepError> {
        let nodes = |(low, high): (usize, usize), size: usize| {
            let count = ((size as f64 / options.step).ceil() as usize).max(size.min(10));
            let step = (high - low) as f64 / (count.max(2) - 1) as f64;
            (0..count)
                .map(|k| {
                    if k + 1 == count && count > 1 {
                        high as f64
                    } else {
                        low as f64 + k as f64 * step
                    }
                })
                .collect::<Vec<f64>>()
        };
        let (at_x, at_y) = (nodes(self.columns, width), nodes(self.rows, height));
        let count = at_x.len() * at_y.len();
        let all_x = at_x.repeat(at_y.len());
        let all_y: Vec<f64> = at_y
            .iter()
            .flat_map(|&y| std::iter::repeat_n(y, at_x.len()))
            .collect();
        let (mut x, mut y) = (vec![0.0; count], vec![0.0; count]);
        self.map_points([&all_x, &all_y], [&mut x, &mut y])?;
        if x.iter().chain(&y).any(|value| !value.is_finite()) {
            return Ok(None);
        }
        let mut planes = self.unmapped();
        let (first, last) = self.columns;
        let fits_x = interpolate_grid(options.spline, (&at_y, &at_x), &x, first..=last);
        let fits_y = interpolate_grid(options.spline, (&at_y, &at_x), &y, first..=last);
        self.row_slices(&mut planes)
            .into_par_iter()
            .for_each(|(row, x, y)| {
                fits_x.row(row as f64, &mut x[first..=last]);
                fits_y.row(row as f64, &mut y[first..=last]);
            });
        Ok(Some(planes))
    }
}
