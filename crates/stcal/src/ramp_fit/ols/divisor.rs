//! Division of many values by one.

/// A number that many values are divided by; the quotients have the bits of the division.
///
/// A division takes as long as a dozen multiplications. With the reciprocal known, the quotient is estimated, its
/// remainder found without rounding, and the quotient mended by it.
///
/// # Source
/// Markstein (1990), IBM Journal of Research and Development 34, 111, doi:10.1147/rd.341.0111, theorem 4: the mended
/// quotient is rounded correctly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Divisor {
    value: f64,
    reciprocal: f64,
}

impl Divisor {
    pub(super) fn new(value: f64) -> Self {
        Self {
            value,
            reciprocal: value.recip(),
        }
    }

    /// Divides values that are finite in single precision; of others, and of -0, the bits may differ from a division's.
    #[inline(always)]
    pub(super) fn divide(self, values: &mut [f64]) {
        // Beyond these a remainder may get lost.
        if (1e-30..=1e30).contains(&self.value.abs()) {
            for value in values {
                let estimate = *value * self.reciprocal;
                let remainder = (-estimate).mul_add(self.value, *value);
                *value = remainder.mul_add(self.reciprocal, estimate);
            }
        } else {
            for value in values {
                *value /= self.value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Divisor;

    #[test]
    fn odd_divisors_divide_plainly() {
        for divisor in [0.0, f64::INFINITY, 1e-40, -1e300] {
            let mut values = [3.5, -2.0];
            Divisor::new(divisor).divide(&mut values);
            assert_eq!(values, [3.5 / divisor, -2.0 / divisor]);
        }
    }

    proptest! {
        #[test]
        fn quotients_are_those_of_a_division(
            values in prop::collection::vec(any::<f32>(), 64),
            divisor in prop_oneof![1e-3..1e4_f64, 1e-30..1e-20_f64, (1_i64 << 52..1_i64 << 53).prop_map(|n| n as f64 * 2.0_f64.powi(-50))],
        ) {
            let values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).map(f64::from).collect();
            let mut quotients = values.clone();
            Divisor::new(divisor).divide(&mut quotients);
            for (quotient, value) in quotients.iter().zip(&values) {
                prop_assert_eq!(*quotient, value / divisor);
            }
        }
    }
}
