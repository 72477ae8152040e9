//! Vector instructions, chosen when the program runs.
//!
//! The programs are built for any processor of their family. Loops over columns that are worth it are compiled for
//! newer ones as well (on x86: AVX2 and AVX-512), and [`vectorised`] calls the best version that the machine has. No
//! version contracts, reorders or approximates arithmetic, so the results have the same bits on all of them.

/// Runs `work` with the vector instructions of this machine.
///
/// Only what is inlined into `work` gains by it: small functions that it calls have `#[inline(always)]`.
///
/// # Example
/// ```
/// let mut values = vec![1.0_f32; 100];
/// stcal::simd::vectorised(|| values.iter_mut().for_each(|value| *value *= 2.0));
/// assert_eq!(values, vec![2.0; 100]);
/// ```
#[inline]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
