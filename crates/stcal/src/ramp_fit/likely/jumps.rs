//! The search for differences that spoil the fit.

use super::lanes::{LANES, Lane, LaneFit, Omission, Workspace};
use super::plan::LikelyPlan;

/// Differences that have to be left for another search: of three, two may have to go, and of two left nobody could tell
/// which is right.
const MIN_USED_TO_SEARCH: f64 = 3.0;

/// Searches ramps for spoilt differences.
#[derive(Debug)]
pub(super) struct Search {
    one: Vec<Omission>,
    two: Vec<Omission>,
}

/// What to leave out of one ramp.
#[derive(Debug, Clone, Copy)]
struct Choice {
    /// By how much χ² falls.
    gain: f64,
    /// Two neighbours instead of one difference.
    pair: bool,
}

impl Search {
    /// Memory for ramps of `n` differences.
    pub(super) fn new(n: usize) -> Self {
        let omission = Omission {
            rate: [0.0; LANES],
            chi_square: [0.0; LANES],
        };
        Self {
            one: vec![omission; n],
            two: vec![omission; n - 1],
        }
    }

    /// Takes spoilt differences out of use; gives the rates without them \[DN/s\].
    ///
    /// The matrix must be set. A ramp is searched again as long as something was taken out and enough is left.
    pub(super) fn run(&mut self, plan: &LikelyPlan, ramps: &mut Workspace) -> Lane {
        let mut active = [true; LANES];
        let mut rates = [0.0; LANES];
        for round in 0..self.one.len() {
            let fit = ramps.fit();
            if round == 0 {
                rates = fit.rate;
            }
            ramps.omit(&fit, &mut self.one, &mut self.two);
            for k in 0..LANES {
                active[k] = active[k] && self.leave_out(plan, ramps, &fit, k, &mut rates[k]);
            }
            if active == [false; LANES] {
                break;
            }
        }
        rates
    }

    /// Leaves out what spoils ramp `k`; whether it is to be searched again.
    fn leave_out(
        &self,
        plan: &LikelyPlan,
        ramps: &mut Workspace,
        fit: &LaneFit,
        k: usize,
        rate: &mut f64,
    ) -> bool {
        let Some(choice) = self.choose(plan, fit, k) else {
            return false;
        };
        let list = if choice.pair { &self.two } else { &self.one };
        // Parity: ties are all left out, and their rates added up.
        let mut sum = 0.0;
        let mut any = false;
        for (i, omission) in list.iter().enumerate() {
            let chosen = fit.chi_square[k] - omission.chi_square[k] == choice.gain;
            sum += omission.rate[k] * f64::from(u8::from(chosen));
            if chosen {
                any = true;
                ramps.used[i][k] = 0.0;
                if choice.pair {
                    ramps.used[i + 1][k] = 0.0;
                }
            }
        }
        if !any {
            return false;
        }
        *rate = *rate * 0.0 + sum;
        ramps.used.iter().map(|used| used[k]).sum::<f64>() > MIN_USED_TO_SEARCH
    }

    /// The best omission of ramp `k`, if it is good enough.
    fn choose(&self, plan: &LikelyPlan, fit: &LaneFit, k: usize) -> Option<Choice> {
        let fall = |omission: &Omission| fit.chi_square[k] - omission.chi_square[k];
        let one = largest(self.one.iter().map(fall));
        let pairs = self.two.iter().zip(&plan.covariance.pairs_may_be_omitted);
        // A pair that does not count stands as 0, and spoils the search if it is no number.
        let two = largest(pairs.map(|(two, &ok)| fall(two) * f64::from(u8::from(ok))));
        // Parity: stcal likely_fit.py::mask_jumps finds nothing where any of the fits has no finite result.
        if one.is_nan() || two.is_nan() {
            return None;
        }
        let (one_limit, two_limit) = (
            plan.params.one_omit_threshold,
            plan.params.two_omit_threshold,
        );
        let pair = one - one_limit <= two - two_limit;
        let (gain, limit) = if pair {
            (two, two_limit)
        } else {
            (one, one_limit)
        };
        (gain > limit).then_some(Choice { gain, pair })
    }
}

/// Largest value; NaN if there is one.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NEG_INFINITY, |largest, value| {
        if value > largest || value.is_nan() {
            value
        } else {
            largest
        }
    })
}
