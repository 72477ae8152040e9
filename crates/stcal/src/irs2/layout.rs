//! Where normal and reference pixels lie in a line, and when they are read.

use super::Irs2Error;

/// Outputs of normal pixels.
pub(super) const OUTPUTS: usize = 4;

/// How the pixels of a line are laid out: first the reference output, then four outputs of normal pixels, all equally
/// long and made of blocks: `normal / 2` normal pixels, `reference` reference pixels, `normal / 2` normal pixels.
///
/// Even outputs, counted from the reference output, are read backwards.
///
/// ```
/// use stcal::irs2::Interleaving;
/// let layout = Interleaving::new(3200, 16, 4)?;
/// assert_eq!((layout.output_width(), layout.blocks()), (640, 32));
/// let normal = layout.normal();
/// assert_eq!(normal.iter().filter(|&&normal| normal).count(), 2048);
/// assert!(normal[647] && !normal[648] && !normal[651] && normal[652]);
/// // Jumping to a reference pixel and back takes the time of one sample each.
/// assert_eq!([7, 8, 11, 12].map(|x| layout.sample(x)), [7, 9, 12, 14]);
/// # Ok::<(), stcal::irs2::Irs2Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interleaving {
    normal: usize,
    reference: usize,
    blocks: usize,
}

impl Interleaving {
    /// The layout of lines of `length` pixels in which `reference` pixels follow `normal` ones.
    ///
    /// # Errors
    /// [`Irs2Error::Layout`] if the line does not consist of whole blocks, or blocks not of halves.
    pub fn new(length: usize, normal: usize, reference: usize) -> Result<Self, Irs2Error> {
        let wrong = Irs2Error::Layout {
            length,
            normal,
            reference,
        };
        let even = |n: usize| n > 0 && n.is_multiple_of(2);
        let width = length / (OUTPUTS + 1);
        let Some(block) = normal
            .checked_add(reference)
            .filter(|_| even(normal) && even(reference) && normal >= reference)
        else {
            return Err(wrong);
        };
        if width == 0 || length != width * (OUTPUTS + 1) || !width.is_multiple_of(block) {
            return Err(wrong);
        }
        Ok(Self {
            normal,
            reference,
            blocks: width / block,
        })
    }

    /// Normal pixels of a block.
    pub fn normal_per_block(self) -> usize {
        self.normal
    }

    /// Reference pixels of a block.
    pub fn reference_per_block(self) -> usize {
        self.reference
    }

    /// Blocks of an output.
    pub fn blocks(self) -> usize {
        self.blocks
    }

    /// Pixels of a block.
    pub fn block(self) -> usize {
        self.normal + self.reference
    }

    /// Pixels of an output in a line.
    pub fn output_width(self) -> usize {
        self.blocks * self.block()
    }

    /// Pixels of a line.
    pub fn length(self) -> usize {
        self.output_width() * (OUTPUTS + 1)
    }

    /// First interleaved pixel of a block.
    pub fn first_reference(self) -> usize {
        self.normal / 2
    }

    /// Whether a pixel of a line lies where its block has reference pixels, in whatever output.
    pub fn is_interleaved(self, position: usize) -> bool {
        let first = self.first_reference();
        (first..first + self.reference).contains(&(position % self.block()))
    }

    /// Which pixels of a line are normal ones, in the frame of the detector.
    pub fn normal(self) -> Vec<bool> {
        (0..self.length())
            .map(|position| position >= self.output_width() && !self.is_interleaved(position))
            .collect()
    }

    /// Time, in samples from the beginning of a line, at which a pixel of an output is read; `position` counts from the
    /// output's first pixel in the order of reading.
    pub fn sample(self, position: usize) -> usize {
        let (block, place) = (position / self.block(), position % self.block());
        let first = self.first_reference();
        let pauses = usize::from(place >= first) + usize::from(place >= first + self.reference);
        block * (self.block() + 2) + place + pauses
    }

    /// Samples of a line and an output, if `padding` pass before the next line.
    pub fn samples(self, padding: usize) -> usize {
        self.blocks * (self.block() + 2) + padding
    }

    /// The samples of a line, from the interleaved pixels and around them, that stand for the reference signal:
    /// pairs of `(sample, sample whose value is taken)`.
    ///
    /// Each pair of readings serves twice, so that odd and even pixels contribute alike at all times.
    pub(super) fn reference_samples(self) -> Vec<(usize, usize)> {
        let half = self.reference / 2;
        let first = self.first_reference() + 1;
        let source = |place: usize| place / 4 + (place % 2) * half;
        (0..self.blocks)
            .flat_map(|block| {
                let start = block * (self.block() + 2) + first;
                (0..2 * self.reference).map(move |place| {
                    // Parity: jwst refpix/irs2_subtract_reference.py::subtract_reference.
                    let swapped = place ^ usize::from(self.reference % 4 == 2);
                    (start + place - half, start + source(swapped))
                })
            })
            .collect()
    }
}
