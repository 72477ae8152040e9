//! The offset between two catalogues, from the histogram of the differences of all pairs.

use super::TweakregError;
use super::least_squares;

/// Most bins along an axis of the histogram.
const MOST_BINS: f64 = 20_000.0;
/// Side of the box around the highest bin that its place is found in.
const BOX: usize = 5;

/// The offset of the sources of an image from those of the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offset {
    /// Along x and y, in the units of the plane.
    pub shift: [f64; 2],
    /// Where it comes from.
    pub basis: OffsetBasis,
}

/// What an offset rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OffsetBasis {
    /// No pair of sources lies within the search radius: the offset is zero.
    NoPairs,
    /// All pairs fall into one bin.
    OneBin {
        /// Pairs.
        pairs: usize,
    },
    /// The highest bin and those around it.
    Peak {
        /// Pairs in the box around the highest bin.
        pairs: usize,
        /// Height of the highest bin over the root of the mean of the lower ones; none if there are no lower ones.
        significance: Option<f64>,
        /// The highest bin is at the edge of the histogram; the offset is that of the bin.
        at_edge: bool,
    },
}

/// The offset of `image` from `reference` within `search_radius`, in bins of `pixel_scale`.
///
/// Parity: tweakwcs 0.9.3 `matchutils._estimate_2dhist_shift`: with a radius that is not a whole number of bins, the
/// histogram reaches out to the next whole number, but the offset is counted from the radius.
///
/// # Errors
/// The histogram would have more than 20000 bins along an axis.
pub fn estimate_offset(
    image: &[[f64; 2]],
    reference: &[[f64; 2]],
    search_radius: f64,
    pixel_scale: f64,
) -> Result<Offset, TweakregError> {
    let radius = search_radius / pixel_scale;
    let bins = 2.0 * radius.ceil() + 1.0;
    if !(1.0..=MOST_BINS).contains(&bins) {
        return Err(TweakregError::SearchRadius {
            search_radius,
            pixel_scale,
        });
    }
    let scaled = |points: &[[f64; 2]]| -> Vec<[f64; 2]> {
        points.iter().map(|p| p.map(|v| v / pixel_scale)).collect()
    };
    let histogram = Histogram::new(&scaled(image), &scaled(reference), radius);
    let place = |bin: [f64; 2]| bin.map(|bin| pixel_scale * bin - search_radius);
    let (filled, highest) = histogram.census();
    Ok(match filled {
        0 => Offset {
            shift: [0.0; 2],
            basis: OffsetBasis::NoPairs,
        },
        1 => Offset {
            shift: place(highest.map(|bin| bin as f64)),
            basis: OffsetBasis::OneBin {
                pairs: histogram.at(highest) as usize,
            },
        },
        _ => {
            let (peak, boundaries, at_edge) = histogram.peak(highest);
            Offset {
                shift: place(peak),
                basis: OffsetBasis::Peak {
                    pairs: histogram.pairs(boundaries),
                    significance: histogram.significance(highest),
                    at_edge,
                },
            }
        }
    })
}

/// Numbers of pairs by their differences; bins have side 1, the middle one is around 0.
struct Histogram {
    size: usize,
    /// Row by row, x along rows.
    counts: Vec<u32>,
}

/// First column and row, and those behind the last ones.
type Bounds = [(usize, usize); 2];

impl Histogram {
    fn new(image: &[[f64; 2]], reference: &[[f64; 2]], radius: f64) -> Self {
        let whole = radius.ceil();
        let size = 2 * whole as usize + 1;
        let mut counts = vec![0; size * size];
        let mut sorted = reference.to_vec();
        sorted.sort_by(|a, b| a[1].total_cmp(&b[1]));
        let limit = radius + 0.5;
        let bin = |difference: f64| -> Option<usize> {
            (-limit..limit).contains(&difference).then(|| {
                // The edges are exact, the difference to one may be rounded over the next.
                let edge = |bin: f64| bin - whole - 0.5;
                let bin = (difference + whole + 0.5).floor();
                let bin = if difference < edge(bin) {
                    bin - 1.0
                } else if difference >= edge(bin + 1.0) {
                    bin + 1.0
                } else {
                    bin
                };
                bin as usize
            })
        };
        for [x, y] in image {
            let first = sorted.partition_point(|other| y - other[1] >= limit);
            for [x0, y0] in &sorted[first..] {
                if y - y0 < -limit {
                    break;
                }
                if let (Some(column), Some(row)) = (bin(x - x0), bin(y - y0)) {
                    counts[row * size + column] += 1;
                }
            }
        }
        Self { size, counts }
    }

    fn at(&self, [column, row]: [usize; 2]) -> u32 {
        self.counts[row * self.size + column]
    }

    /// How many bins are filled, and the first of the highest ones.
    fn census(&self) -> (usize, [usize; 2]) {
        let (mut filled, mut best) = (0, 0);
        for (index, count) in self.counts.iter().enumerate() {
            filled += usize::from(*count > 0);
            if *count > self.counts[best] {
                best = index;
            }
        }
        (filled, [best % self.size, best / self.size])
    }

    fn pairs(&self, [columns, rows]: Bounds) -> usize {
        let in_row = |row: usize| (columns.0..columns.1).map(move |column| [column, row]);
        let bins = (rows.0..rows.1).flat_map(in_row);
        bins.map(|bin| self.at(bin) as usize).sum()
    }

    fn significance(&self, highest: [usize; 2]) -> Option<f64> {
        let top = self.at(highest);
        let lower = self.counts.iter().filter(|n| (1..top).contains(*n));
        let (sum, bins) = lower.fold((0.0, 0.0), |(sum, bins), n| {
            (sum + f64::from(*n), bins + 1.0)
        });
        (bins > 0.0).then(|| f64::from(top) / (sum / bins).sqrt())
    }

    /// Column and row of the peak, the box that it was found in, and whether it is at the edge of the histogram.
    ///
    /// Parity: tweakwcs 0.9.3 `matchutils._find_peak`: a quadratic form through the filled bins of the box; where it has
    /// no maximum inside of the box, their centre of mass.
    fn peak(&self, highest: [usize; 2]) -> ([f64; 2], Bounds, bool) {
        let near = highest.map(|bin| {
            let low = bin.saturating_sub(BOX / 2);
            (low, self.size.min(low + BOX))
        });
        let at_edge = (0..2).any(|k| highest[k] == near[k].0 || highest[k] + 1 == near[k].1);
        if at_edge {
            return (highest.map(|bin| bin as f64), near, true);
        }
        let bounds = near.map(|(low, high)| {
            if high == self.size {
                (high.saturating_sub(BOX).min(low), high)
            } else {
                (low, high)
            }
        });
        let [columns, rows] = bounds;
        // Counted from the bin before the box.
        let mut places = Vec::new();
        let mut heights = Vec::new();
        for row in rows.0..rows.1 {
            for column in columns.0..columns.1 {
                let height = self.at([column, row]);
                if height > 0 {
                    places.push([(column - columns.0 + 1) as f64, (row - rows.0 + 1) as f64]);
                    heights.push(f64::from(height));
                }
            }
        }
        let start = bounds.map(|(low, _)| low as f64 - 1.0);
        let inside = |place: &[f64; 2]| {
            (0..2).all(|k| (bounds[k].0 as f64..=bounds[k].1 as f64 - 1.0).contains(&place[k]))
        };
        let fitted = quadratic_peak(&places, &heights)
            .map(|place| [0, 1].map(|axis| place[axis] + start[axis]))
            .filter(inside);
        let peak = fitted.unwrap_or_else(|| {
            let mass: f64 = heights.iter().sum();
            [0, 1].map(|axis| {
                let moment: f64 = places.iter().zip(&heights).map(|(p, h)| p[axis] * h).sum();
                start[axis] + moment / mass
            })
        });
        (peak, bounds, false)
    }
}

/// Where the quadratic form through heights has its maximum.
fn quadratic_peak(places: &[[f64; 2]], heights: &[f64]) -> Option<[f64; 2]> {
    if places.len() < 6 {
        return None;
    }
    let rows: Vec<[f64; 6]> = places
        .iter()
        .map(|&[x, y]| [1.0, x, y, x * y, x * x, y * y])
        .collect();
    let [_, c10, c01, c11, c20, c02] = least_squares::solve(&rows, heights);
    let determinant = 4.0 * c02 * c20 - c11 * c11;
    let minimum = (c20 > 0.0 && c02 >= 0.0) || (c20 >= 0.0 && c02 > 0.0);
    let maximum = determinant > 0.0 && !minimum;
    maximum.then(|| {
        [
            (c01 * c11 - 2.0 * c02 * c10) / determinant,
            (c10 * c11 - 2.0 * c01 * c20) / determinant,
        ]
    })
}
