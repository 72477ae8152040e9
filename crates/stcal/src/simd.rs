//! Vector instructions, chosen when the program runs.
//!
//! The programs are built for any processor of their family. Loops over columns that are worth it are compiled for
//! newer ones as well (on x86: AVX2 and AVX-512), and [`vectorised`] calls the best version that the machine has. No
//! version contracts, reorders or approximates arithmetic, so the results have the same bits on all of them.

/// Runs `work` with the vector instructions of this machine.
///
/// Only what is inlined into `work` gains by it: small functions that it calls have `#[inline(always)]`. The closure has
/// to be a short loop itself, because the compiler leaves long ones outside; those are a [`Kernel`].
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

/// Work that is too long for a closure, with everything it needs as fields.
pub trait Kernel {
    /// What it makes.
    type Output;

    /// Does the work. Implementations have to be `#[inline(always)]`: otherwise nothing is gained.
    fn run(self) -> Self::Output;
}

struct Adapter<K>(K);

impl<K: Kernel> pulp::NullaryFnOnce for Adapter<K> {
    type Output = K::Output;

    #[inline(always)]
    fn call(self) -> K::Output {
        self.0.run()
    }
}

/// Runs a kernel with the vector instructions of this machine.
///
/// # Example
/// ```
/// use stcal::simd::{Kernel, run_vectorised};
/// struct Double<'a>(&'a mut [f32]);
/// impl Kernel for Double<'_> {
///     type Output = ();
///     #[inline(always)]
///     fn run(self) {
///         self.0.iter_mut().for_each(|value| *value *= 2.0);
///     }
/// }
/// let mut values = [1.0, 2.0];
/// run_vectorised(Double(&mut values));
/// assert_eq!(values, [2.0, 4.0]);
/// ```
pub fn run_vectorised<K: Kernel>(kernel: K) -> K::Output {
    pulp::Arch::new().dispatch(Adapter(kernel))
}

/// One bit for each of 64 conditions, without a branch.
#[inline(always)]
pub(crate) fn pack_bits(set: [bool; 64]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if let Some(sse2) = pulp::core_arch::x86::Sse2::try_new() {
        return pack_by_instruction(sse2, set);
    }
    let mut word = 0;
    for (index, eight) in set.as_chunks::<8>().0.iter().enumerate() {
        // The product moves the lowest bit of each byte into the highest byte.
        let bytes = u64::from_le_bytes(eight.map(u8::from));
        word |= (bytes.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * index);
    }
    word
}

/// The instruction that takes the highest bit of each of 16 bytes, which the compiler does not find by itself.
///
/// All processors of this family have it, so that nothing is asked when the program runs.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn pack_by_instruction(sse2: pulp::core_arch::x86::Sse2, set: [bool; 64]) -> u64 {
    let mut word = 0;
    for (index, sixteen) in set.as_chunks::<16>().0.iter().enumerate() {
        let bytes = u128::from_le_bytes(sixteen.map(u8::from));
        let bytes = sse2._mm_set_epi64x((bytes >> 64) as i64, bytes as i64);
        let bits = sse2._mm_movemask_epi8(sse2._mm_slli_epi16::<7>(bytes));
        word |= u64::from(bits as u16) << (16 * index);
    }
    word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::pack_bits;

    proptest! {
        #[test]
        fn each_condition_has_its_bit(word: u64) {
            let set: Vec<bool> = (0..64).map(|bit| word >> bit & 1 != 0).collect();
            prop_assert_eq!(pack_bits(set.try_into().unwrap()), word);
        }
    }
}
