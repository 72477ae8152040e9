//! Connected pixels above a threshold.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

/// Which neighbours of a pixel are connected with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connectivity {
    /// Those that share an edge.
    Four,
    /// Those that share an edge or a corner.
    Eight,
}

/// An image of labels from 1 on, 0 where there is no source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segmentation {
    pub(super) labels: Array2<i32>,
    pub(super) segments: Vec<Segment>,
}

/// Where a label is found. The label is one more than the index of its segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Rows of the smallest box around it.
    pub rows: Range<usize>,
    /// Columns of the smallest box around it.
    pub columns: Range<usize>,
    /// Number of pixels.
    pub pixels: usize,
}

/// Neighbouring pixels of a row.
#[derive(Debug, Clone)]
struct Run {
    row: usize,
    columns: Range<usize>,
}

impl Segmentation {
    /// Labels the regions of at least `least_pixels` connected pixels that are `above` the threshold, in the order in
    /// which their first pixels come, row by row. None if there is no such region.
    ///
    /// Source: photutils 3.0.0 `segmentation/detect.py::detect_sources`. Exact.
    ///
    /// ```
    /// use ndarray::array;
    /// use stcal::source_finding::{Connectivity, Segmentation};
    ///
    /// let above = array![[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 0]].mapv(|v| v == 1);
    /// let segmentation = Segmentation::detect(above.view(), 3, Connectivity::Eight).unwrap();
    /// assert_eq!(segmentation.labels().row(0).to_vec(), [1, 1, 0, 0]);
    /// assert_eq!(segmentation.segments()[1].rows, 3..4);
    /// assert!(Segmentation::detect(above.view(), 4, Connectivity::Eight).is_none());
    /// ```
    #[must_use]
    pub fn detect(
        above: ArrayView2<'_, bool>,
        least_pixels: usize,
        connectivity: Connectivity,
    ) -> Option<Self> {
        let (runs, first_of_row) = runs(above);
        let mut parents: Vec<usize> = (0..runs.len()).collect();
        let reach = usize::from(connectivity == Connectivity::Eight);
        for row in 1..above.nrows() {
            let previous = first_of_row[row - 1]..first_of_row[row];
            let current = first_of_row[row]..first_of_row[row + 1];
            join_rows(&runs, previous, current, reach, &mut parents);
        }
        let mut pixels = vec![0; runs.len()];
        for (index, run) in runs.iter().enumerate() {
            pixels[root(&mut parents, index)] += run.columns.len();
        }
        let mut labels = Array2::zeros(above.dim());
        let mut segments: Vec<Segment> = Vec::new();
        let mut label_of_root = vec![0_usize; runs.len()];
        for (index, run) in runs.iter().enumerate() {
            let root = root(&mut parents, index);
            if pixels[root] < least_pixels {
                continue;
            }
            if label_of_root[root] == 0 {
                segments.push(Segment {
                    rows: run.row..run.row + 1,
                    columns: run.columns.clone(),
                    pixels: pixels[root],
                });
                label_of_root[root] = segments.len();
            }
            let label = label_of_root[root];
            segments[label - 1].include(run);
            let mut row = labels.row_mut(run.row);
            if let Some(row) = row.as_slice_mut() {
                row[run.columns.clone()].fill(label as i32);
            }
        }
        (!segments.is_empty()).then_some(Self { labels, segments })
    }

    /// The image of labels.
    #[must_use]
    pub fn labels(&self) -> ArrayView2<'_, i32> {
        self.labels.view()
    }

    /// The segments by label.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Gives up the segments.
    #[must_use]
    pub fn into_labels(self) -> Array2<i32> {
        self.labels
    }
}

impl Segment {
    fn include(&mut self, run: &Run) {
        self.rows.end = run.row + 1;
        self.columns.start = self.columns.start.min(run.columns.start);
        self.columns.end = self.columns.end.max(run.columns.end);
    }
}

/// The runs of true pixels, and the index of the first run of each row and of one row more.
fn runs(above: ArrayView2<'_, bool>) -> (Vec<Run>, Vec<usize>) {
    let mut runs = Vec::new();
    let mut first_of_row = vec![0];
    for (row, pixels) in above.outer_iter().enumerate() {
        let mut start = None;
        for (column, is_above) in pixels.iter().enumerate() {
            match (start, *is_above) {
                (None, true) => start = Some(column),
                (Some(from), false) => {
                    runs.push(Run {
                        row,
                        columns: from..column,
                    });
                    start = None;
                }
                _ => {}
            }
        }
        if let Some(from) = start {
            runs.push(Run {
                row,
                columns: from..pixels.len(),
            });
        }
        first_of_row.push(runs.len());
    }
    (runs, first_of_row)
}

fn join_rows(
    runs: &[Run],
    mut previous: Range<usize>,
    current: Range<usize>,
    reach: usize,
    parents: &mut [usize],
) {
    for index in current {
        let run = &runs[index].columns;
        while !previous.is_empty() && runs[previous.start].columns.end + reach <= run.start {
            previous.start += 1;
        }
        for other in previous.clone() {
            if runs[other].columns.start >= run.end + reach {
                break;
            }
            let (a, b) = (root(parents, other), root(parents, index));
            let (first, second) = (a.min(b), a.max(b));
            parents[second] = first;
        }
    }
}

fn root(parents: &mut [usize], mut index: usize) -> usize {
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}
