//! Exposures that read stripes of the detector: which lines they read, from the header.
//!
//! A line is a row of pixels along the fast axis of the readout; the slow axis counts lines, 2048 in all. A stripe image
//! begins with `MSTR_RD1` lines from the first one (usually of reference pixels) and `MSTR_RD2` lines further on, and may
//! go on with more of either:
//!
//! * Substripes (`SSTR_NST` 0): every image has the same lines.
//! * Superstripes (`SSTR_NST` of 1 and more): so many images, each `SSTR_STP` lines further on, follow one another as
//!   integrations of the file. Together they are one integration of the exposure, into which they are collated when
//!   their reference pixels have done their work. Lines that a stripe reads several times are then groups of their own.
//!
//! # Source
//! jwst 3.0.0 `lib/stripe_utils.py`, `generate_substripe_ranges`, `generate_superstripe_ranges`, `collate_superstripes`.

mod header;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::error::Result;
use crate::metadata::Metadata;

/// Lines of every near-infrared detector, and pixels of a line.
pub const DETECTOR_LINES: usize = 2048;

/// The axis of an image that counts lines, and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowAxis {
    /// Lines are columns of the image, not rows.
    pub columns: bool,
    /// The first line that is read is the last of the image.
    pub reversed: bool,
}

impl SlowAxis {
    /// Position in an image of `lines` lines of those that are `read` as numbered, from 0 in the order of reading.
    pub fn in_image(self, read: &Range<usize>, lines: usize) -> Range<usize> {
        if self.reversed {
            lines - read.end..lines - read.start
        } else {
            read.clone()
        }
    }

    /// Axis of an array whose last two dimensions are rows and columns.
    pub fn of(self, dimensions: usize) -> usize {
        dimensions - if self.columns { 1 } else { 2 }
    }
}

/// Lines that are read one after the other, numbered in the order of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Their numbers on the detector, from 0.
    pub detector: Range<usize>,
    /// Their numbers in the image of the stripe, from 0.
    pub image: Range<usize>,
}

/// What one image reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stripe {
    /// Lines that see the sky (`MSTR_RD2`), in the order of reading.
    pub science: Vec<Read>,
    /// Lines read before them from the first one on (`MSTR_RD1`).
    pub reference: Vec<Read>,
}

/// Where collated stripes lie on the detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollatedFrame {
    /// First line, from 0 in the order of reading.
    pub first_line: usize,
    /// Number of lines.
    pub lines: usize,
    /// First line in the frame of images, from 1, as SUBSTRT1 or SUBSTRT2 tell it.
    pub start: usize,
}

/// The stripes of an exposure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeLayout {
    /// Direction of the slow axis.
    pub slow: SlowAxis,
    /// Lines of each image.
    pub lines: usize,
    /// One for all images, or one for each superstripe.
    pub stripes: Vec<Stripe>,
    /// Whether the stripes take turns from integration to integration.
    pub superstripes: bool,
    /// The whole slow axis belongs to the collated exposure, also where nothing is read.
    whole_axis: bool,
}

/// Removes what the header says of stripes: they have been collated.
pub fn remove_keywords(meta: &mut Metadata) {
    for path in header::ALL {
        meta.remove(path);
    }
}

impl StripeLayout {
    /// The stripes of an exposure whose images have `(rows, columns)`; `None` if it does not read stripes.
    ///
    /// # Errors
    /// A keyword is absent or has a value that no readout of such images can have.
    pub fn of(meta: &Metadata, image: (usize, usize)) -> Result<Option<Self>> {
        header::layout(meta, image)
    }

    /// Number of images that make one integration of the exposure.
    pub fn n_superstripes(&self) -> usize {
        if self.superstripes {
            self.stripes.len()
        } else {
            1
        }
    }

    /// How often each stripe image reads lines of the sky: as many groups come of one.
    pub fn n_repeats(&self) -> usize {
        self.stripes
            .iter()
            .map(|stripe| stripe.science.len())
            .max()
            .unwrap_or(1)
    }

    /// For each line of a stripe's image the line of a full frame that it shows, both in the frame of images.
    pub fn full_frame_lines(&self, stripe: &Stripe) -> Vec<usize> {
        let mut lines = vec![0; self.lines];
        for read in stripe.science.iter().chain(&stripe.reference) {
            let image = self.slow.in_image(&read.image, self.lines);
            let full = self.slow.in_image(&read.detector, DETECTOR_LINES);
            for (line, full) in lines[image].iter_mut().zip(full) {
                *line = full;
            }
        }
        lines
    }

    /// The frame of the collated exposure: what its stripes see, or the whole slow axis for SOSS.
    pub fn collated(&self) -> CollatedFrame {
        if self.whole_axis {
            return CollatedFrame {
                first_line: 0,
                lines: DETECTOR_LINES,
                start: 1,
            };
        }
        let reads = || self.stripes.iter().flat_map(|stripe| &stripe.science);
        let first = reads().map(|read| read.detector.start).min().unwrap_or(0);
        let end = reads().map(|read| read.detector.end).max().unwrap_or(first);
        let in_image = self.slow.in_image(&(first..end), DETECTOR_LINES);
        CollatedFrame {
            first_line: first,
            lines: end - first,
            start: in_image.start + 1,
        }
    }
}
