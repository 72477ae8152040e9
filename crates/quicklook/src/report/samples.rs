//! Arrays of whole products, read in pieces: quality counted bit by bit, and two products compared.

use datamodels::io::fits::{Element, FitsReader, HduInfo, ImagePart};

use crate::error::Result;
use crate::product::Product;

/// Rows that are read at a time.
const BAND: usize = 128;

/// How many pixels or samples have each bit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BitCounts {
    pub(crate) bits: [u64; 32],
    /// Pixels or samples in all.
    pub(crate) of: u64,
}

impl BitCounts {
    fn add(&mut self, flags: u32) {
        let mut rest = flags;
        while rest != 0 {
            self.bits[rest.trailing_zeros() as usize] += 1;
            rest &= rest - 1;
        }
    }
}

/// Bits that one product has and an earlier one does not, and the other way round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BitChanges {
    pub(crate) set: BitCounts,
    pub(crate) cleared: BitCounts,
}

/// What became of the values of one product in the next.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ValueChanges {
    /// Values in all.
    pub(crate) of: u64,
    /// Those that differ, or are a number in one product only.
    pub(crate) changed: u64,
    /// Those that are no number any more.
    pub(crate) lost: u64,
    /// Mean of the differences of finite values.
    pub(crate) mean: f64,
    /// Root of the mean square of the differences of finite values.
    pub(crate) rms: f64,
}

/// Where quality is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quality {
    /// Of pixels: DQ or PIXELDQ.
    Pixels,
    /// Of samples: GROUPDQ.
    Samples,
}

impl Quality {
    fn hdu(self, product: &Product) -> Option<&HduInfo> {
        let names: &[&str] = match self {
            Self::Pixels => &["DQ", "PIXELDQ"],
            Self::Samples => &["GROUPDQ"],
        };
        let mut found = names.iter().filter_map(|name| product.reader.find(name, 1));
        found.find(|hdu| hdu.shape().len() >= 2 && !hdu.shape().contains(&0))
    }

    /// How many pixels or samples have each bit; none if the product has no such array.
    pub(crate) fn counts(self, product: &Product) -> Result<Option<BitCounts>> {
        let Some(hdu) = self.hdu(product) else {
            return Ok(None);
        };
        let mut counts = BitCounts::default();
        pieces(&product.reader, hdu, |flags: &[u32]| {
            counts.of += flags.len() as u64;
            flags
                .iter()
                .filter(|f| **f != 0)
                .for_each(|f| counts.add(*f));
        })?;
        Ok(Some(counts))
    }

    /// Bits that changed; an earlier product without the array has no bits. None if the later one has none, or another shape.
    pub(crate) fn changes(self, before: &Product, after: &Product) -> Result<Option<BitChanges>> {
        let Some(later) = self.hdu(after) else {
            return Ok(None);
        };
        let mut changes = BitChanges::default();
        let Some(earlier) = self.hdu(before) else {
            changes.set = self.counts(after)?.unwrap_or_default();
            return Ok(Some(changes));
        };
        if earlier.shape() != later.shape() {
            return Ok(None);
        }
        pairs(
            (before, earlier),
            (after, later),
            |old: &[u32], new: &[u32]| {
                changes.set.of += new.len() as u64;
                for (old, new) in old.iter().zip(new).filter(|(old, new)| old != new) {
                    changes.set.add(new & !old);
                    changes.cleared.add(old & !new);
                }
            },
        )?;
        changes.cleared.of = changes.set.of;
        Ok(Some(changes))
    }
}

/// Compares the values of two products of the same shape; none if they have none, or another shape.
pub(crate) fn value_changes(before: &Product, after: &Product) -> Result<Option<ValueChanges>> {
    let find = |product: &'_ Product| product.reader.find("SCI", 1).cloned();
    let (Some(earlier), Some(later)) = (find(before), find(after)) else {
        return Ok(None);
    };
    if earlier.shape() != later.shape() || earlier.shape().len() < 2 || earlier.shape().contains(&0)
    {
        return Ok(None);
    }
    let mut changes = ValueChanges::default();
    let (mut sum, mut squares, mut finite) = (0.0, 0.0, 0_u64);
    pairs(
        (before, &earlier),
        (after, &later),
        |old: &[f32], new: &[f32]| {
            changes.of += new.len() as u64;
            for (old, new) in old.iter().zip(new) {
                let difference = f64::from(*new) - f64::from(*old);
                if difference.is_finite() {
                    finite += 1;
                    sum += difference;
                    squares += difference * difference;
                    changes.changed += u64::from(difference != 0.0);
                } else if old.is_nan() != new.is_nan() || (old != new && !old.is_nan()) {
                    changes.changed += 1;
                    changes.lost += u64::from(new.is_nan());
                }
            }
        },
    )?;
    let n = (finite as f64).max(1.0);
    changes.mean = sum / n;
    changes.rms = (squares / n).sqrt();
    Ok(Some(changes))
}

/// The parts of an image in the order of the file.
fn parts(hdu: &HduInfo) -> impl Iterator<Item = ImagePart> + use<> {
    let [leading @ .., rows, columns] = hdu.shape() else {
        unreachable!("callers pass images of at least two dimensions");
    };
    let (rows, columns) = (*rows, *columns);
    let planes: usize = leading.iter().product();
    (0..planes).flat_map(move |plane| {
        (0..rows).step_by(BAND).map(move |start| ImagePart {
            plane,
            rows: start..(start + BAND).min(rows),
            columns: 0..columns,
        })
    })
}

fn pieces<T: Element>(
    reader: &FitsReader,
    hdu: &HduInfo,
    mut take: impl FnMut(&[T]),
) -> Result<()> {
    let (mut bytes, mut values) = (Vec::new(), Vec::new());
    for part in parts(hdu) {
        values.resize(part.rows.len() * part.columns.len(), T::default());
        reader.image_part(hdu, &part, &mut bytes, &mut values)?;
        take(&values);
    }
    Ok(())
}

fn pairs<T: Element>(
    (before, earlier): (&Product, &HduInfo),
    (after, later): (&Product, &HduInfo),
    mut take: impl FnMut(&[T], &[T]),
) -> Result<()> {
    let (mut bytes, mut old, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts(later) {
        let length = part.rows.len() * part.columns.len();
        old.resize(length, T::default());
        new.resize(length, T::default());
        before
            .reader
            .image_part(earlier, &part, &mut bytes, &mut old)?;
        after
            .reader
            .image_part(later, &part, &mut bytes, &mut new)?;
        take(&old, &new);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use datamodels::Model as _;
    use testkit::ramp::Builder;

    use super::*;

    fn saved(folder: &tempfile::TempDir, name: &str, builder: &Builder) -> PathBuf {
        let path = folder.path().join(name);
        builder.build().save(&path).unwrap();
        path
    }

    #[test]
    fn what_a_step_flagged_and_changed_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let ramp = Builder::new([1, 3, 130, 4]).rate_dn_per_s(1.0);
        let flagged = ramp
            .clone()
            .group_flag([0, 1, 129, 3], 4)
            .group_flag([0, 2, 129, 3], 6)
            .pixel_flag([0, 0], 1 << 31)
            .value([0, 2, 129, 3], 1000.0)
            .value([0, 0, 0, 0], f32::NAN);
        let before = Product::open(&saved(&folder, "a.fits", &ramp)).unwrap();
        let after = Product::open(&saved(&folder, "b.fits", &flagged)).unwrap();

        let samples = Quality::Samples.counts(&after).unwrap().unwrap();
        assert_eq!(samples.of, 3 * 130 * 4);
        assert_eq!((samples.bits[2], samples.bits[1]), (2, 1));
        let pixels = Quality::Pixels.changes(&before, &after).unwrap().unwrap();
        assert_eq!((pixels.set.bits[31], pixels.cleared.bits), (1, [0; 32]));
        let back = Quality::Samples.changes(&after, &before).unwrap().unwrap();
        assert_eq!((back.set.bits, back.cleared.bits[2]), ([0; 32], 2));

        let values = value_changes(&before, &after).unwrap().unwrap();
        assert_eq!((values.of, values.changed, values.lost), (1560, 2, 1));
        let raised = 1000.0 - f64::from(ramp.build().data[[0, 2, 129, 3]]);
        assert!((values.mean - raised / 1559.0).abs() < 1e-9);
        assert!((values.rms - raised.abs() / 1559.0_f64.sqrt()).abs() < 1e-6);
    }
}
