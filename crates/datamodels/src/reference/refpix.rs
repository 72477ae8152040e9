//! The references of the reference-pixel correction.

use std::path::Path;

use asdf::{AsdfFile, Node};

use super::ReferenceFile;
use crate::error::{DataModelError, Result};
use crate::io::fits::Table;

/// Weights and bad reference pixels of NIRSpec's IRS2 readout.
#[derive(Debug, Clone)]
pub struct Irs2Reference {
    weights: Table,
    /// Bad interleaved reference pixels; `None` where the file has no such table.
    pub bad: Option<Vec<Irs2BadPixels>>,
}

/// A row of the table of bad interleaved reference pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Irs2BadPixels {
    /// Number of the output, from 1.
    pub output: usize,
    /// 1 for odd, 2 for even pixels.
    pub odd_even: usize,
    /// Bit `k` stands for the block `k` of reference pixels.
    pub mask: u32,
}

impl Irs2Reference {
    /// Reads the tables.
    ///
    /// # Errors
    /// The file cannot be read, or a table lacks a column.
    pub fn load(path: &Path) -> Result<Self> {
        let file = ReferenceFile::open(path)?;
        let weights = file.table("IRS2")?;
        for kind in ["alpha", "beta"] {
            for output in 0..4 {
                let name = format!("{kind}_{output}");
                if weights.column(&name).is_none_or(|c| c.repeat != 1) {
                    return Err(file.error(format!("HDU IRS2: expected a column {name}")));
                }
            }
        }
        Ok(Self {
            weights,
            bad: bad_pixels(&file)?,
        })
    }

    /// Rows of the table of weights: twice the number of weights of an output.
    pub fn rows(&self) -> usize {
        self.weights.rows()
    }

    /// Weights of the reference output for output `output`, from 0, for all frequencies: real and imaginary parts.
    pub fn alpha(&self, output: usize) -> Vec<[f32; 2]> {
        self.pairs(&format!("alpha_{output}"))
    }

    /// Weights of the interleaved pixels for output `output`, from 0.
    pub fn beta(&self, output: usize) -> Vec<[f32; 2]> {
        self.pairs(&format!("beta_{output}"))
    }

    /// Real and imaginary parts take turns from row to row.
    fn pairs(&self, column: &str) -> Vec<[f32; 2]> {
        let numbers = self.weights.numbers(column).unwrap_or_default();
        let pairs = numbers.as_chunks::<2>().0.iter();
        pairs.map(|pair| pair.map(|part| part as f32)).collect()
    }
}

fn bad_pixels(file: &ReferenceFile) -> Result<Option<Vec<Irs2BadPixels>>> {
    if file.reader.find("DQ", 1).is_none() {
        return Ok(None);
    }
    let table = file.table("DQ")?;
    let column = |name: &str| {
        table
            .numbers(name)
            .ok_or_else(|| file.error(format!("HDU DQ: expected a column {name} of numbers")))
    };
    let (output, odd_even, mask) = (column("OUTPUT")?, column("ODD_EVEN")?, column("MASK")?);
    let rows = output.into_iter().zip(odd_even).zip(mask);
    let rows: Vec<_> = rows
        .map(|((output, odd_even), mask)| Irs2BadPixels {
            output: output as usize,
            odd_even: odd_even as usize,
            mask: mask as i64 as u32,
        })
        .collect();
    Ok((!rows.is_empty()).then_some(rows))
}

/// Spectra of the kernels of Simple Improved Reference Subtraction, for one detector.
#[derive(Debug, Clone, PartialEq)]
pub struct SirsReference {
    /// For each amplifier, the coefficients for the left and the right reference columns: real and imaginary parts.
    pub amplifiers: Vec<[Vec<[f64; 2]>; 2]>,
}

impl SirsReference {
    /// Reads the kernels of a detector; `None` if the file has none for it.
    ///
    /// # Errors
    /// The file cannot be read, or an array has not two dimensions or another shape than its partner.
    pub fn load(path: &Path, detector: &str) -> Result<Option<Self>> {
        let error = |message: String| DataModelError::Reference {
            path: path.to_path_buf(),
            message,
        };
        let file = AsdfFile::open(path).map_err(|e| error(e.to_string()))?;
        let Some(kernels) = file.tree.as_mapping().and_then(|tree| {
            let mut keys = tree
                .iter()
                .filter_map(|(key, node)| Some((key.as_str()?, node)));
            keys.find(|(key, _)| key.eq_ignore_ascii_case(detector))
                .map(|(_, node)| node)
        }) else {
            return Ok(None);
        };
        let read = |name: &str| -> Result<Option<Vec<Vec<[f64; 2]>>>> {
            let Some(array) = kernels.get(name).and_then(Node::as_ndarray) else {
                return Ok(None);
            };
            let (values, shape) = file
                .array::<[f64; 2]>(array)
                .map_err(|e| error(format!("{detector}.{name}: {e}")))?;
            match *shape {
                [_, width] if width > 0 => {
                    Ok(Some(values.chunks(width).map(<[_]>::to_vec).collect()))
                }
                _ => Err(error(format!(
                    "{detector}.{name}: expected two dimensions, found shape {shape:?}"
                ))),
            }
        };
        let (Some(left), Some(right)) = (read("gamma")?, read("zeta")?) else {
            return Ok(None);
        };
        if left.len() != right.len() {
            return Err(error(format!(
                "{detector}: gamma has {} amplifiers, zeta {}",
                left.len(),
                right.len()
            )));
        }
        let amplifiers = left.into_iter().zip(right).map(|(l, r)| [l, r]).collect();
        Ok(Some(Self { amplifiers }))
    }
}
