//! Median of the differences of neighbouring samples, the robust count rate behind the Poisson variance.

use std::sync::OnceLock;

use super::block::Lanes;
use crate::sorting_network::SortingNetwork;

/// Mean of two values, fast and rounded as the reference does.
#[expect(
    clippy::manual_midpoint,
    reason = "rates are far from overflow, and the library function branches"
)]
#[inline(always)]
fn mean(a: f64, b: f64) -> f64 {
    (a + b) / 2.0
}

/// Which values a network has to bring to their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sorted {
    /// The one or two in the middle.
    Middle,
    /// All up to the middle: where some values are missing, infinity stands in for them, and the median is among these.
    LowerHalf,
}

/// A network of exchanges that brings the median of `size` values to its place.
#[derive(Debug)]
pub(super) struct MedianNetwork {
    network: SortingNetwork,
    size: usize,
}

impl MedianNetwork {
    /// Above this size, selecting value by value is faster.
    pub(super) const LARGEST: usize = 100;

    /// The network for `size` values; none if they are too many.
    pub(super) fn new(size: usize, sorted: Sorted) -> Option<Self> {
        if size == 0 || size > Self::LARGEST {
            return None;
        }
        let first = match sorted {
            Sorted::Middle => (size - 1) / 2,
            Sorted::LowerHalf => 0,
        };
        let network = SortingNetwork::new(size).pruned(first..=size / 2);
        Some(Self { network, size })
    }

    /// Brings the wanted values of many series to their places: `values[k]` holds the k-th value of each series.
    #[inline(always)]
    pub(super) fn sort(&self, values: &mut [Lanes<f64>]) {
        self.network.sort(values);
    }

    /// Medians of many series at once: `values[k]` holds the k-th value of each series. Reorders the values.
    #[inline(always)]
    pub(super) fn medians(&self, values: &mut [Lanes<f64>], medians: &mut Lanes<f64>) {
        self.sort(values);
        let (lower, upper) = (&values[(self.size - 1) / 2], &values[self.size / 2]);
        if !self.size.is_multiple_of(2) {
            medians.copy_from_slice(upper);
            return;
        }
        for (median, (lower, upper)) in medians.iter_mut().zip(lower.iter().zip(upper)) {
            *median = mean(*lower, *upper);
        }
    }
}

/// The networks of all sizes up to that of a ramp, made when they are first asked for.
#[derive(Debug)]
pub(super) struct MedianNetworks {
    sorted: Sorted,
    networks: Vec<OnceLock<Option<MedianNetwork>>>,
}

impl MedianNetworks {
    /// Networks for up to `largest` values.
    pub(super) fn new(largest: usize, sorted: Sorted) -> Self {
        Self {
            sorted,
            networks: (0..=largest).map(|_| OnceLock::new()).collect(),
        }
    }

    /// The network for `size` values; none if there are too many or none at all.
    pub(super) fn of(&self, size: usize) -> Option<&MedianNetwork> {
        let network = self.networks.get(size)?;
        let network = network.get_or_init(|| MedianNetwork::new(size, self.sorted));
        network.as_ref()
    }
}
