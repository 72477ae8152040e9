//! Median of the differences of neighbouring samples, the robust count rate behind the Poisson variance.

use std::sync::OnceLock;

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
///
/// Batcher's odd-even merge sort (1968, doi:10.1145/1468075.1468121) for any number of values, without the exchanges
/// that the wanted values do not depend on.
#[derive(Debug)]
pub(super) struct MedianNetwork {
    exchanges: Vec<(u8, u8)>,
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
        let mut needed = vec![false; size];
        needed[first..=size / 2].fill(true);
        let mut exchanges = Vec::new();
        for (low, high) in merge_sort_exchanges(size).into_iter().rev() {
            if needed[low] || needed[high] {
                needed[low] = true;
                needed[high] = true;
                exchanges.push((low as u8, high as u8));
            }
        }
        exchanges.reverse();
        Some(Self { exchanges, size })
    }

    /// Brings the wanted values of many series to their places: `values[k]` holds the k-th value of each series.
    #[inline(always)]
    pub(super) fn sort<const LANES: usize>(&self, values: &mut [[f64; LANES]]) {
        for &(low, high) in &self.exchanges {
            let (head, tail) = values.split_at_mut(high as usize);
            exchange(&mut head[low as usize], &mut tail[0]);
        }
    }

    /// Medians of many series at once: `values[k]` holds the k-th value of each series. Reorders the values.
    #[inline(always)]
    pub(super) fn medians<const LANES: usize>(&self, values: &mut [[f64; LANES]]) -> [f64; LANES] {
        self.sort(values);
        let upper = values[self.size / 2];
        let mut medians = values[(self.size - 1) / 2];
        if self.size.is_multiple_of(2) {
            for (median, upper) in medians.iter_mut().zip(upper) {
                *median = mean(*median, upper);
            }
        }
        medians
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

/// Puts the smaller values into `low`. NaN must not occur.
#[inline(always)]
fn exchange<const LANES: usize>(low: &mut [f64; LANES], high: &mut [f64; LANES]) {
    for (low, high) in low.iter_mut().zip(high) {
        let (a, b) = (*low, *high);
        // The library's functions: an `if` would become a store under a mask, which takes some processors twenty times
        // as long as an ordinary one.
        *low = a.min(b);
        *high = a.max(b);
    }
}

/// Exchanges that sort `size` values, in order.
fn merge_sort_exchanges(size: usize) -> Vec<(usize, usize)> {
    let mut exchanges = Vec::new();
    let mut run = 1;
    while run < size {
        let mut step = run;
        while step >= 1 {
            for first in (step % run..size.saturating_sub(step)).step_by(2 * step) {
                for low in first..(first + step).min(size - step) {
                    if low / (2 * run) == (low + step) / (2 * run) {
                        exchanges.push((low, low + step));
                    }
                }
            }
            step /= 2;
        }
        run *= 2;
    }
    exchanges
}
