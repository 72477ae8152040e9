//! The flags of showers.

use ndarray::{ArrayViewMut3, Axis};

use super::ShowerInput;
use crate::jump::ellipse::Ellipse;
use crate::jump::error::JumpError;
use crate::jump::snowball::flag_stamp;

/// Flags the showers of an integration as jumps.
///
/// `showers` holds for each group what [`find_showers`] found; `group_dq` is the integration's. Pixels whose mean
/// difference would change by more than `max_amplitude` keep the flags that they had.
///
/// # Errors
/// [`JumpError::Shape`] if the arrays do not agree; nothing has been modified then.
///
/// # Source
/// stcal 1.20.0 `jump/jump.py::extend_ellipses` and `max_flux_showers`. Tolerance: exact.
pub fn flag_showers(
    input: &ShowerInput<'_>,
    mut group_dq: ArrayViewMut3<'_, u8>,
    integration: usize,
    showers: &[Vec<Ellipse>],
) -> Result<(), JumpError> {
    let (_, groups, rows, columns) = input.ramp_dn.dim();
    JumpError::check(
        "the group quality",
        &[groups, rows, columns],
        group_dq.shape(),
    )?;
    JumpError::check("the list of showers", &[groups], &[showers.len()])?;
    let params = input.params;
    let mut flagged: Vec<((usize, usize), usize)> = Vec::new();
    for (group, showers) in showers.iter().enumerate() {
        let last = group
            .saturating_add(params.groups_masked_after)
            .min(groups - 1);
        for shower in showers {
            let (minor, major) = shower.grown(params.expand_factor, params.max_width);
            let mut stamp = shower.stamp(minor, major, (rows, columns));
            flag_stamp(
                &mut group_dq,
                group..last + 1,
                &mut stamp,
                input.flags,
                |group, at| flagged.push((at, group)),
            );
        }
    }
    flagged.sort_unstable();
    for pixel in flagged.chunk_by(|a, b| a.0 == b.0) {
        let at = pixel[0].0;
        let after = |group: usize| group_dq[[group, at.0, at.1]];
        let added = |group: usize| pixel.binary_search(&(at, group)).is_ok();
        let before = |group: usize| {
            if added(group) {
                after(group) & !input.flags.jump
            } else {
                after(group)
            }
        };
        let change =
            (input.rate(before, integration, at) - input.rate(after, integration, at)).abs();
        let plausible = change <= params.max_amplitude as f32 && change.is_finite();
        if !plausible || input.is_reference(input.pixel_dq[[at.0, at.1]]) {
            for (_, group) in pixel {
                group_dq[[*group, at.0, at.1]] &= !input.flags.jump;
            }
        }
    }
    Ok(())
}

impl ShowerInput<'_> {
    /// Mean difference of a pixel over groups without a flag [e-].
    fn rate(
        &self,
        dq: impl Fn(usize) -> u8,
        integration: usize,
        (row, column): (usize, usize),
    ) -> f32 {
        let groups = self.ramp_dn.len_of(Axis(1));
        let invalid = self.flags.do_not_use | self.flags.saturated | self.flags.jump;
        let gain = self.gain_e_per_dn[[row, column]];
        let sample = |group: usize| {
            let bad = dq(group) & invalid != 0
                || self.was_unusable(integration * groups + group, row, column);
            if bad {
                f32::NAN
            } else {
                self.ramp_dn[[integration, group, row, column]] * gain
            }
        };
        let differences = (1..groups).map(|group| sample(group) - sample(group - 1));
        mean_f32(differences.filter(|difference| !difference.is_nan()))
    }
}

/// Mean with a sum in single precision, as numpy's `nanmean`; NaN if there is nothing.
fn mean_f32(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0.0_f32, 0_u32), |(sum, count), value| {
        (sum + value, count + 1)
    });
    (f64::from(sum) / f64::from(count)) as f32
}
