//! Which plane of a product is shown, and how it is read.

use std::num::NonZeroUsize;
use std::ops::Range;

use datamodels::io::fits::{Element, HduInfo, ImagePart};
use ndarray::Array2;

use super::Product;
use crate::error::Result;
use crate::shrink::{Blocks, Flags, Labels, Means, Statistics};

/// Rows that are read at a time.
const BAND: usize = 64;

/// The integration and group that are asked for, counted from 1.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Selection {
    pub(crate) integration: Option<NonZeroUsize>,
    pub(crate) group: Option<NonZeroUsize>,
}

/// An image of a product: a plane of an HDU, or one less another.
#[derive(Debug, Clone)]
pub(crate) struct Frame<'a> {
    product: &'a Product,
    hdu: &'a HduInfo,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    plane: usize,
    less: Option<usize>,
    /// Of a ramp: the planes of its integration.
    groups: Range<usize>,
    integration: usize,
    /// Such as `integration 1 of 2, group 9 less group 1`; empty for an image.
    pub(crate) words: String,
}

/// Values of an image in blocks.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    pub(crate) means: Array2<f32>,
    pub(crate) statistics: Statistics,
}

impl Product {
    /// The image that is asked for.
    pub(crate) fn frame<'a>(&'a self, hdu: &'a HduInfo, selection: Selection) -> Result<Frame<'a>> {
        let shape = hdu.shape();
        let (rows, columns) = (shape[shape.len() - 2], shape[shape.len() - 1]);
        let (integrations, groups) = match shape[..shape.len() - 2] {
            [integrations, groups] => (integrations, groups),
            [integrations] => (integrations, 1),
            _ => (1, 1),
        };
        let is_ramp = shape.len() == 4;
        // The context of a mosaic has planes of bits.
        let what = if hdu.name == "CON" {
            "plane"
        } else {
            "integration"
        };
        let integration = self.counted(hdu, what, selection.integration, integrations)?;
        let mut frame = Frame {
            product: self,
            hdu,
            rows,
            columns,
            plane: integration * groups,
            less: None,
            groups: integration * groups..(integration + 1) * groups,
            integration,
            words: String::new(),
        };
        if integrations > 1 {
            frame.words = format!("{what} {} of {integrations}", integration + 1);
        }
        if selection.group.is_some() || is_ramp {
            let group = self.counted(hdu, "group", selection.group, groups)?;
            let separator = if frame.words.is_empty() { "" } else { ", " };
            let words = if selection.group.is_none() && groups > 1 {
                frame.less = Some(frame.plane);
                frame.plane += groups - 1;
                format!("group {groups} less group 1")
            } else {
                frame.plane += group;
                format!("group {} of {groups}", group + 1)
            };
            frame.words += separator;
            frame.words += &words;
        }
        Ok(frame)
    }

    /// A choice counted from 1 as one counted from 0; the first if there is none.
    pub(crate) fn counted(
        &self,
        hdu: &HduInfo,
        what: &str,
        choice: Option<NonZeroUsize>,
        count: usize,
    ) -> Result<usize> {
        let index = choice.map_or(0, |choice| choice.get() - 1);
        if index < count {
            return Ok(index);
        }
        let message = format!("no {what} {}; it has {count}", index + 1);
        Err(self.unsuitable(hdu, message))
    }
}

impl Frame<'_> {
    /// Blocks in which the image is shown.
    pub(crate) fn blocks(&self, longest: usize) -> Blocks {
        Blocks::fitting(self.rows, self.columns, longest)
    }

    /// Means of the values.
    pub(crate) fn values(&self, blocks: Blocks) -> Result<Values> {
        let mut means = Means::new(blocks);
        let mut other = Vec::new();
        self.bands(self.hdu, self.plane, |rows, band: &mut [f32], bytes| {
            if let Some(plane) = self.less {
                other.resize(band.len(), 0.0);
                self.read(self.hdu, plane, &rows, bytes, &mut other)?;
                band.iter_mut().zip(&other).for_each(|(a, b)| *a -= b);
            }
            means.add(rows.start, band);
            Ok(())
        })?;
        let (means, statistics) = means.finish();
        Ok(Values { means, statistics })
    }

    /// Labels of sources, and the largest.
    pub(crate) fn labels(&self, blocks: Blocks) -> Result<(Array2<u32>, u32)> {
        let mut labels = Labels::new(blocks);
        self.bands(self.hdu, self.plane, |rows, band: &mut [u32], _| {
            labels.add(rows.start, band);
            Ok(())
        })?;
        Ok(labels.finish())
    }

    /// The quality bits of the pixels; for a ramp those of any group of the integration as well.
    pub(crate) fn flags(&self, blocks: Blocks, shown: &[u32]) -> Result<Flags> {
        let reader = &self.product.reader;
        let name = if reader.find("PIXELDQ", 1).is_some() {
            "PIXELDQ"
        } else {
            "DQ"
        };
        let hdu = self.product.image_hdu(name)?;
        self.check_size(hdu)?;
        let plane = if hdu.shape().len() == self.hdu.shape().len() {
            self.plane
        } else if hdu.shape().len() == 3 {
            self.integration
        } else {
            0
        };
        let planes: usize = hdu.shape()[..hdu.shape().len() - 2].iter().product();
        let plane = plane.min(planes - 1);
        let samples = reader.find("GROUPDQ", 1);
        let samples = samples.filter(|hdu| hdu.shape() == self.hdu.shape());
        let mut flags = Flags::new(blocks, shown);
        let mut of_group = Vec::new();
        self.bands(hdu, plane, |rows, band: &mut [u32], bytes| {
            if let Some(samples) = samples {
                of_group.resize(band.len(), 0_u8);
                for group in self.groups.clone() {
                    self.read(samples, group, &rows, bytes, &mut of_group)?;
                    let bits = band.iter_mut().zip(&of_group);
                    bits.for_each(|(all, group)| *all |= u32::from(*group));
                }
            }
            flags.add(rows.start, band);
            Ok(())
        })?;
        Ok(flags)
    }

    fn check_size(&self, hdu: &HduInfo) -> Result<()> {
        if hdu.shape().ends_with(&[self.rows, self.columns]) {
            return Ok(());
        }
        let (rows, columns) = (self.rows, self.columns);
        let expected = format!("{rows} rows of {columns} columns as {} has", self.hdu.name);
        Err(self.product.reader.shape_error(hdu, &expected).into())
    }

    /// Hands over the rows of a plane, band by band, with room for bytes.
    fn bands<T: Element>(
        &self,
        hdu: &HduInfo,
        plane: usize,
        mut take: impl FnMut(Range<usize>, &mut [T], &mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let mut bytes = Vec::new();
        let mut band = vec![T::default(); BAND.min(self.rows) * self.columns];
        for start in (0..self.rows).step_by(BAND) {
            let rows = start..(start + BAND).min(self.rows);
            let band = &mut band[..rows.len() * self.columns];
            self.read(hdu, plane, &rows, &mut bytes, band)?;
            take(rows, band, &mut bytes)?;
        }
        Ok(())
    }

    fn read<T: Element>(
        &self,
        hdu: &HduInfo,
        plane: usize,
        rows: &Range<usize>,
        bytes: &mut Vec<u8>,
        out: &mut [T],
    ) -> Result<()> {
        let part = ImagePart {
            plane,
            rows: rows.clone(),
            columns: 0..self.columns,
        };
        Ok(self.product.reader.image_part(hdu, &part, bytes, out)?)
    }
}
