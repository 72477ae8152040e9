//! The keywords of stripes, checked.

use super::{DETECTOR_LINES, Read, SlowAxis, Stripe, StripeLayout};
use crate::error::Result;
use crate::metadata::Metadata;

const READS_1: &str = "meta.subarray.multistripe_reads1";
const SKIPS_1: &str = "meta.subarray.multistripe_skips1";
const READS_2: &str = "meta.subarray.multistripe_reads2";
const SKIPS_2: &str = "meta.subarray.multistripe_skips2";
const REPEAT: &str = "meta.subarray.repeat_stripe";
const INTERLEAVE: &str = "meta.subarray.interleave_reads1";
const STEP: &str = "meta.subarray.superstripe_step";
const COUNT: &str = "meta.subarray.num_superstripe";

/// Every path of the header that describes stripes.
pub(super) const ALL: [&str; 8] = [
    READS_1, SKIPS_1, READS_2, SKIPS_2, REPEAT, INTERLEAVE, STEP, COUNT,
];

/// Subarrays of the NIRISS SOSS mode whose collated images cover the whole slow axis.
const WHOLE_AXIS: [&str; 4] = [
    "SUB17STRIPE_SOSS",
    "SUB60STRIPE_SOSS",
    "SUB204STRIPE_SOSS",
    "SUB680STRIPE_SOSS",
];

/// The numbers of the header.
struct Sequence {
    start: usize,
    reads_1: usize,
    skips_1: usize,
    reads_2: usize,
    skips_2: usize,
    from_start_again: bool,
    interleaved: bool,
}

pub(super) fn layout(meta: &Metadata, image: (usize, usize)) -> Result<Option<StripeLayout>> {
    if meta.get(READS_1).is_none() && meta.integer(COUNT).unwrap_or(0) <= 0 {
        return Ok(None);
    }
    let (_, slow) = meta.subarray().axes()?;
    let slow = SlowAxis {
        columns: slow.abs() == 1,
        reversed: slow < 0,
    };
    let lines = if slow.columns { image.1 } else { image.0 };
    let count = number(meta, COUNT)?;
    // Substripes have no step; the keyword need not be there.
    let step = if count > 0 { number(meta, STEP)? } else { 0 };
    let mut reads_2 = number(meta, READS_2)?;
    if reads_2 == 0 && count > 0 {
        // Without lines of their own, superstripes read as many as they advance.
        reads_2 = step;
    }
    if reads_2 == 0 {
        return Err(meta.keyword_error(READS_2, "at least one line of the sky"));
    }
    let sequence = Sequence {
        start: first_line(meta, slow)?,
        reads_1: number(meta, READS_1)?,
        skips_1: number(meta, SKIPS_1)?,
        reads_2,
        skips_2: number(meta, SKIPS_2)?,
        from_start_again: number(meta, REPEAT)? > 0,
        interleaved: number(meta, INTERLEAVE)? > 0,
    };
    let stripes = (0..count.max(1)).map(|stripe| {
        let found = sequence.stripe(lines, step * stripe);
        found.map_err(|wrong| match wrong {
            Wrong::Length => {
                let expected = format!("stripes that fill the {lines} lines of an image");
                meta.keyword_error(READS_2, &expected)
            }
            Wrong::End(end) => {
                let path = if stripe > 0 { STEP } else { SKIPS_1 };
                let expected =
                    format!("lines up to {DETECTOR_LINES} (stripe {stripe} reads up to {end})");
                meta.keyword_error(path, &expected)
            }
        })
    });
    let stripes = stripes.collect::<Result<Vec<_>>>()?;
    Ok(Some(StripeLayout {
        slow,
        lines,
        stripes,
        superstripes: count > 0,
        whole_axis: WHOLE_AXIS.contains(&meta.subarray().name().as_str()),
    }))
}

/// A number of lines or stripes.
fn number(meta: &Metadata, path: &str) -> Result<usize> {
    let value = meta.require_integer(path, 0)?;
    let expected = || meta.keyword_error(path, &format!("an integer of 0 to {DETECTOR_LINES}"));
    usize::try_from(value)
        .ok()
        .filter(|value| *value <= DETECTOR_LINES)
        .ok_or_else(expected)
}

/// The line from which reading starts, from 0.
///
/// Stripes are an exception: the header has the position of the first line that is read, at whichever end of the image.
fn first_line(meta: &Metadata, slow: SlowAxis) -> Result<usize> {
    let path = if slow.columns {
        "meta.subarray.xstart"
    } else {
        "meta.subarray.ystart"
    };
    let start = meta.require_integer(path, 1)?;
    let start = usize::try_from(start)
        .ok()
        .filter(|start| *start <= DETECTOR_LINES)
        .ok_or_else(|| meta.keyword_error(path, &format!("an integer of 1 to {DETECTOR_LINES}")))?;
    if meta.subarray().name().contains("DHS") {
        // Early DHS exposures have wrong starts.
        return Ok(0);
    }
    Ok(match (slow.reversed, start) {
        // Early products have the start of the image here.
        (true, 1) => 0,
        (true, start) => DETECTOR_LINES - start,
        (false, start) => start - 1,
    })
}

/// Why a sequence cannot be.
enum Wrong {
    /// The lines do not fill the image.
    Length,
    /// A line beyond the detector.
    End(usize),
}

impl Sequence {
    /// The lines of an image that starts `offset` lines further on than the first.
    fn stripe(&self, lines: usize, offset: usize) -> Result<Stripe, Wrong> {
        let mut reader = Reader {
            next: self.start,
            read: 0,
        };
        let mut stripe = Stripe::default();
        if self.reads_1 > 0 {
            stripe.reference.push(reader.read(self.reads_1)?);
        }
        reader.next += self.skips_1 + offset;
        stripe.science.push(reader.read(self.reads_2)?);
        let mut interleaved_skips = self.skips_1;
        while reader.read < lines {
            if self.from_start_again {
                reader.next = self.start;
                if self.reads_1 > 0 {
                    stripe.reference.push(reader.read(self.reads_1)?);
                }
                reader.next += if self.interleaved {
                    interleaved_skips += self.skips_2 + self.reads_2;
                    interleaved_skips
                } else {
                    self.skips_1 + offset
                };
            } else {
                reader.next += self.skips_2;
            }
            stripe.science.push(reader.read(self.reads_2)?);
        }
        if reader.read == lines {
            Ok(stripe)
        } else {
            Err(Wrong::Length)
        }
    }
}

/// The state of the readout: the next line of the detector, and lines read so far.
struct Reader {
    next: usize,
    read: usize,
}

impl Reader {
    fn read(&mut self, lines: usize) -> Result<Read, Wrong> {
        let end = self.next + lines;
        if end > DETECTOR_LINES {
            return Err(Wrong::End(end));
        }
        let read = Read {
            detector: self.next..end,
            image: self.read..self.read + lines,
        };
        self.next = end;
        self.read += lines;
        Ok(read)
    }
}
