//! Sums of 32-bit values in numpy's order.

/// The sum in 32 bits: blocks of up to 128 values, each in eight partial sums.
///
/// Source: numpy `core/src/umath/loops_utils.h.src::FLOAT_pairwise_sum`. Exact.
pub(crate) fn pairwise_sum(values: &[f32]) -> f32 {
    let n = values.len();
    if n < 8 {
        return values.iter().fold(0.0, |sum, value| sum + value);
    }
    if n > 128 {
        let half = n / 2 - (n / 2) % 8;
        let (left, right) = values.split_at(half);
        return pairwise_sum(left) + pairwise_sum(right);
    }
    let mut part = [0.0_f32; 8];
    let mut blocks = values.chunks_exact(8);
    for block in blocks.by_ref() {
        for (part, value) in part.iter_mut().zip(block) {
            *part += value;
        }
    }
    let sum =
        ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    blocks
        .remainder()
        .iter()
        .fold(sum, |sum, value| sum + value)
}

/// The quotient as numpy forms it of a 32-bit sum and a count.
pub(super) fn by_count(sum: f32, count: usize) -> f32 {
    (f64::from(sum) / count as f64) as f32
}
