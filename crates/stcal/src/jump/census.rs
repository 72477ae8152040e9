//! How many groups can be used at all.

use ndarray::ArrayView4;

use crate::flags::all_set;

/// Counts of groups that are not "do not use" everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupCensus {
    /// Integrations of the exposure.
    pub integrations: usize,
    /// Groups of an integration.
    pub groups: usize,
    /// Usable groups of the integration that has the fewest.
    pub min_usable: usize,
    /// Usable groups of the exposure.
    pub total_usable: usize,
}

impl GroupCensus {
    /// Takes the census of a group quality array `(integration, group, row, column)`.
    pub fn of(group_dq: ArrayView4<'_, u8>, do_not_use: u8) -> Self {
        let (integrations, groups, ..) = group_dq.dim();
        let lost: Vec<usize> = group_dq
            .outer_iter()
            .map(|integration| {
                integration
                    .outer_iter()
                    .filter(|plane| all_set(*plane, do_not_use))
                    .count()
            })
            .collect();
        Self {
            integrations,
            groups,
            min_usable: groups - lost.iter().max().copied().unwrap_or(0),
            total_usable: integrations * groups - lost.iter().sum::<usize>(),
        }
    }
}

/// Number of groups, over all integrations, in which every pixel is "do not use".
///
/// # Example
/// ```
/// use ndarray::Array4;
/// let mut dq = Array4::<u8>::zeros((1, 3, 2, 2));
/// dq.slice_mut(ndarray::s![0, 2, .., ..]).fill(1);
/// assert_eq!(stcal::jump::count_do_not_use_groups(dq.view(), 1), 1);
/// ```
pub fn count_do_not_use_groups(group_dq: ArrayView4<'_, u8>, do_not_use: u8) -> usize {
    let census = GroupCensus::of(group_dq, do_not_use);
    census.integrations * census.groups - census.total_usable
}
