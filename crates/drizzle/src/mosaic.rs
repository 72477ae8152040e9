//! The output images, owned.

use ndarray::{Array2, ArrayViewMut2, Axis};

use crate::{Band, DrizzleError, Exposure, Images, PixelMap, Plan, Settings, Tally};

/// Exposures in one plane of the context.
const BITS: usize = 32;

/// Output images that exposures are added to, one after the other.
#[derive(Debug, Clone)]
pub struct Mosaic {
    /// Weighted mean of the data; 0 where nothing fell, until [`fill`](Self::fill).
    pub mean: Array2<f32>,
    /// Sum of the weights.
    pub weight: Array2<f32>,
    /// Which exposures gave to a pixel: bit `k` of plane `p` stands for exposure `32 p + k`. Empty without a context.
    pub context: Vec<Array2<i32>>,
    /// Means of the images that go along with the data.
    pub along: Vec<Array2<f32>>,
    /// Means with squared weights.
    pub squared: Vec<Array2<f32>>,
    /// Quality bits of all pixels that contributed.
    pub dq: Option<Array2<u32>>,
    added: usize,
    with_context: bool,
}

impl Mosaic {
    /// An output of this many rows and columns, with a context.
    pub fn new(shape: (usize, usize)) -> Self {
        Self {
            mean: Array2::zeros(shape),
            weight: Array2::zeros(shape),
            context: Vec::new(),
            along: Vec::new(),
            squared: Vec::new(),
            dq: None,
            added: 0,
            with_context: true,
        }
    }

    /// The same in arrays with any values, which are cleared when the first exposure is added.
    ///
    /// # Panics
    /// If they do not have the shape of the output.
    #[must_use]
    pub fn within(mut self, mean: Array2<f32>, weight: Array2<f32>) -> Self {
        assert_eq!([mean.dim(), weight.dim()], [self.shape(); 2]);
        (self.mean, self.weight) = (mean, weight);
        self
    }

    /// The same without a context.
    #[must_use]
    pub fn without_context(mut self) -> Self {
        self.with_context = false;
        self
    }

    /// The same with `count` images that go along with the data.
    #[must_use]
    pub fn with_along(mut self, count: usize) -> Self {
        self.along = vec![Array2::zeros(self.mean.dim()); count];
        self
    }

    /// The same with `count` images of squared weights.
    #[must_use]
    pub fn with_squared(mut self, count: usize) -> Self {
        self.squared = vec![Array2::zeros(self.mean.dim()); count];
        self
    }

    /// The same with quality bits.
    #[must_use]
    pub fn with_dq(mut self) -> Self {
        self.dq = Some(Array2::zeros(self.mean.dim()));
        self
    }

    /// Number of rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        self.mean.dim()
    }

    /// How many exposures have been added.
    pub fn added(&self) -> usize {
        self.added
    }

    /// Adds an exposure, serially.
    ///
    /// # Errors
    /// As [`Plan::new`] and [`Plan::drizzle`].
    pub fn add(
        &mut self,
        exposure: &Exposure<'_>,
        pixmap: &PixelMap<'_>,
        settings: &Settings,
    ) -> Result<Tally, DrizzleError> {
        let plan = Plan::new(pixmap, self.shape(), settings)?;
        let rows = self.shape().0;
        let mut hits = Vec::new();
        for mut band in self.next_bands(rows) {
            hits.push(plan.drizzle(exposure, &mut band)?);
        }
        Ok(plan.total(hits))
    }

    /// Bands of `rows` output rows for the next exposure, which gets the next bit of the context. Each is to be given to
    /// [`Plan::drizzle`] once, by any thread.
    pub fn next_bands(&mut self, rows: usize) -> Vec<Band<'_>> {
        let rows = rows.max(1);
        let (plane, bit) = (self.added / BITS, (self.added % BITS) as u8);
        let is_new = self.added == 0;
        self.added += 1;
        if self.with_context {
            while self.context.len() <= plane {
                self.context.push(Array2::zeros(self.mean.dim()));
            }
        }
        let mut bands: Vec<Band<'_>> = rows_of(&mut self.mean, rows)
            .zip(rows_of(&mut self.weight, rows))
            .enumerate()
            .map(|(k, (mean, weight))| Band {
                first_row: k * rows,
                is_new,
                main: Images {
                    weight,
                    means: vec![mean],
                },
                squared: Vec::new(),
                context: None,
                dq: None,
                separate: None,
            })
            .collect();
        for image in &mut self.along {
            for (band, part) in bands.iter_mut().zip(rows_of(image, rows)) {
                band.main.means.push(part);
            }
        }
        for image in &mut self.squared {
            for (band, part) in bands.iter_mut().zip(rows_of(image, rows)) {
                band.squared.push(part);
            }
        }
        if let Some(plane) = self.context.get_mut(plane) {
            for (band, part) in bands.iter_mut().zip(rows_of(plane, rows)) {
                band.context = Some((part, bit));
            }
        }
        if let Some(dq) = &mut self.dq {
            for (band, part) in bands.iter_mut().zip(rows_of(dq, rows)) {
                band.dq = Some(part);
            }
        }
        bands
    }

    /// Sets the means of the data, and of what goes along with it, of all pixels without weight.
    pub fn fill(&mut self, value: f32) {
        for image in std::iter::once(&mut self.mean).chain(&mut self.along) {
            for (mean, &weight) in image.iter_mut().zip(&self.weight) {
                if weight == 0.0 {
                    *mean = value;
                }
            }
        }
    }

    /// Sets the means with squared weights of all pixels without weight.
    pub fn fill_squared(&mut self, value: f32) {
        for image in &mut self.squared {
            for (mean, &weight) in image.iter_mut().zip(&self.weight) {
                if weight == 0.0 {
                    *mean = value;
                }
            }
        }
    }
}

/// An image cut into bands of rows.
fn rows_of<T>(image: &mut Array2<T>, rows: usize) -> impl Iterator<Item = ArrayViewMut2<'_, T>> {
    image.axis_chunks_iter_mut(Axis(0), rows)
}
