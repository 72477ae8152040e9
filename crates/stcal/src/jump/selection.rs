//! Middle values of many long lists at once.
//!
//! Long lists are dear to sort. A sorted sample of each tells about where its middle lies: a few passes that count the
//! values up to a sampled one narrow that down to some dozen values, and only those are looked at one by one. Lists that
//! lie side by side take their passes together.

use super::median::{LANES, Lane};
use crate::simd::pack_bits;

/// Values of each list that are sorted first.
pub(super) const SAMPLE: usize = 63;

/// Passes that count: more would cost more than they save.
const PASSES: usize = 3;

/// Where the middle of each list lies: above `low`, up to `high`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Brackets {
    low: Lane,
    high: Lane,
}

impl Brackets {
    /// Brackets that hold nothing: where the middle lies is not known.
    pub(super) const UNKNOWN: Self = Self {
        low: [f32::INFINITY; LANES],
        high: [f32::NEG_INFINITY; LANES],
    };
}

/// What a pass over the lists finds.
#[derive(Debug)]
struct Gathered {
    /// Values of each list that are not NaN.
    count: [u32; LANES],
    /// Those up to the lower end of the bracket.
    up_to_low: [u32; LANES],
    /// Those in the bracket.
    inside: [usize; LANES],
}

/// Room that is used again from call to call.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection {
    /// The values in the brackets, list by list, each with room for all.
    values: Vec<f32>,
}

impl Selection {
    /// The lower and the upper of the two middle values of each list, and brackets around them.
    ///
    /// `count` is the number of values that are not NaN; `sorted` a sorted sample of each list, of [`SAMPLE`] values of
    /// which `sampled` are not NaN. All other values are finite. Of a list of NaN the middle is NaN.
    #[inline(always)]
    pub(super) fn middle(
        &mut self,
        lists: &[Lane],
        count: &[u32; LANES],
        (sorted, sampled): (&[Lane], &[u32; LANES]),
    ) -> ([Lane; 2], Brackets) {
        let brackets = narrow(lists, count, (sorted, sampled));
        let (middle, _) = self.middle_within(lists, &brackets);
        (middle, brackets)
    }

    /// As [`Self::middle`], with brackets that lists like these have had. Also one bit for each list whose middle is not
    /// in its bracket, and not found.
    #[inline(always)]
    pub(super) fn middle_within(
        &mut self,
        lists: &[Lane],
        brackets: &Brackets,
    ) -> ([Lane; 2], u64) {
        let gathered = self.gather(lists, brackets);
        let mut middle = [[f32::NAN; LANES]; 2];
        let mut missed = 0;
        for lane in 0..LANES {
            let (count, below) = (
                gathered.count[lane] as usize,
                gathered.up_to_low[lane] as usize,
            );
            let inside = gathered.inside[lane];
            if count == 0 {
                continue;
            }
            if (count - 1) / 2 < below || count / 2 >= below + inside {
                missed |= 1 << lane;
                continue;
            }
            let values = &mut self.values[lane * lists.len()..][..inside];
            let (lower, &mut upper, _) =
                values.select_nth_unstable_by(count / 2 - below, f32::total_cmp);
            let is_odd = !count.is_multiple_of(2);
            middle[1][lane] = upper;
            middle[0][lane] = if is_odd {
                upper
            } else {
                lower.iter().copied().fold(f32::NEG_INFINITY, f32::max)
            };
        }
        (middle, missed)
    }

    /// Puts the values in the brackets side by side, list by list, and counts the others.
    #[inline(always)]
    fn gather(&mut self, lists: &[Lane], brackets: &Brackets) -> Gathered {
        self.values.resize(lists.len() * LANES, 0.0);
        let mut gathered = Gathered {
            count: [0; LANES],
            up_to_low: [0; LANES],
            inside: [0; LANES],
        };
        for list in lists {
            let mut set = [false; LANES];
            for lane in 0..LANES {
                let value = list[lane];
                gathered.count[lane] += u32::from(!value.is_nan());
                gathered.up_to_low[lane] += u32::from(value <= brackets.low[lane]);
                set[lane] = (value > brackets.low[lane]) & (value <= brackets.high[lane]);
            }
            let mut word = pack_bits(set);
            while word != 0 {
                let lane = word.trailing_zeros() as usize;
                let inside = &mut gathered.inside[lane];
                self.values[lane * lists.len() + *inside] = list[lane];
                *inside += 1;
                word &= word - 1;
            }
        }
        gathered
    }
}

/// Brackets that hold both middle values of each list.
#[inline(always)]
fn narrow(
    lists: &[Lane],
    count: &[u32; LANES],
    (sorted, sampled): (&[Lane], &[u32; LANES]),
) -> Brackets {
    let mut brackets = Brackets {
        low: [f32::NEG_INFINITY; LANES],
        high: [f32::INFINITY; LANES],
    };
    let mut place = [0; LANES];
    for lane in 0..LANES {
        place[lane] = sampled[lane] as i32 / 2;
    }
    for _ in 0..PASSES {
        let mut pivot = [f32::NAN; LANES];
        for lane in 0..LANES {
            let last = sampled[lane] as i32 - 1;
            place[lane] = place[lane].min(last).max(0);
            if last >= 0 {
                pivot[lane] = sorted[place[lane] as usize][lane];
            }
        }
        let up_to = count_up_to(lists, &pivot);
        for lane in 0..LANES {
            let (all, found) = (count[lane] as i32, up_to[lane] as i32);
            // Of the two middle values, all lie above the pivot, or all up to it, or it parts them.
            if found <= (all - 1) / 2 {
                if pivot[lane] > brackets.low[lane] {
                    brackets.low[lane] = pivot[lane];
                }
            } else if found > all / 2 && pivot[lane] < brackets.high[lane] {
                brackets.high[lane] = pivot[lane];
            }
            // A little further than the sample says, so that the next pivot lies on the other side.
            let off = (all / 2 - found) * sampled[lane] as i32 / all.max(1);
            place[lane] += off + if found <= all / 2 { 2 } else { -2 };
        }
    }
    brackets
}

/// How many values of each list are at most as large as its pivot.
#[inline(always)]
fn count_up_to(lists: &[Lane], pivot: &Lane) -> [u32; LANES] {
    let mut count = [0; LANES];
    for list in lists {
        for lane in 0..LANES {
            count[lane] += u32::from(list[lane] <= pivot[lane]);
        }
    }
    count
}
