//! Round numbers along an axis.

/// Round values in a range, no more than `most`; none for a range without width.
///
/// Neighbours differ by 1, 2 or 5 times a power of ten, at least `least`.
pub(crate) fn round_values(low: f64, high: f64, most: usize, least: f64) -> Vec<f64> {
    let width = high - low;
    if !width.is_finite() || width <= 0.0 || most == 0 {
        return Vec::new();
    }
    let step = round_up((width / most as f64).max(least));
    let first = (low / step).ceil();
    let last = (high / step).floor();
    let count = (last - first).max(-1.0) as usize + 1;
    // Adding 0 makes a zero of minus zero.
    (0..count.min(most + 1))
        .map(|index| (first + index as f64) * step + 0.0)
        .collect()
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below a positive number.
pub(crate) fn round_up(number: f64) -> f64 {
    let power = 10_f64.powf(number.log10().floor());
    let scaled = number / power;
    let nice = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|nice| scaled <= nice * (1.0 + 1e-9));
    nice.unwrap_or(10.0) * power
}

/// The largest of 1, 2 and 5 times a power of ten that is not above a positive number.
pub(crate) fn round_down(number: f64) -> f64 {
    let power = 10_f64.powf(number.log10().floor());
    let scaled = number / power;
    let nice = [5.0, 2.0, 1.0]
        .into_iter()
        .find(|nice| scaled >= nice * (1.0 - 1e-9));
    nice.unwrap_or(1.0) * power
}

/// A number with as many digits as `step` needs, in powers of ten where it is very large or small.
pub(crate) fn label(value: f64, step: f64) -> String {
    let largest = value.abs().max(step.abs());
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..1e5).contains(&largest) {
        let exponent = value.abs().log10().floor();
        let digits = (exponent - step.abs().log10().floor()).clamp(0.0, 6.0) as usize;
        return format!("{value:.digits$e}").replace('-', "−");
    }
    let digits = (-step.abs().log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{value:.digits$}").replace('-', "−")
}

/// A number with about this many digits that count, for texts.
pub(crate) fn short(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "none".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if !(-4.0..6.0).contains(&magnitude) {
        let decimals = digits.saturating_sub(1);
        return format!("{value:.decimals$e}").replace('-', "−");
    }
    let decimals = (digits as f64 - 1.0 - magnitude).clamp(0.0, 12.0) as usize;
    format!("{value:.decimals$}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(
            round_values(-0.5, 63.5, 8, 1.0),
            [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
        );
        assert_eq!(round_values(0.0, 1.0, 5, 0.0).len(), 6);
        assert_eq!(round_values(-0.5, 1.5, 8, 1.0), [0.0, 1.0]);
        assert_eq!(round_values(3.0, 3.0, 5, 0.0), Vec::<f64>::new());
        assert_eq!(round_values(f64::NAN, 3.0, 5, 0.0), Vec::<f64>::new());
        assert_eq!(
            round_values(f64::NEG_INFINITY, 3.0, 5, 0.0),
            Vec::<f64>::new()
        );
        assert_eq!(
            (round_up(0.3), round_up(2.0), round_up(7.0)),
            (0.5, 2.0, 10.0)
        );
        assert_eq!(
            (round_down(0.3), round_down(7.0), round_down(12.0)),
            (0.2, 5.0, 10.0)
        );
    }

    #[test]
    fn labels_have_the_digits_they_need() {
        assert_eq!(label(0.25, 0.05), "0.25");
        assert_eq!(label(-20.0, 10.0), "−20");
        assert_eq!(label(2e6, 1e6), "2e6");
        assert_eq!(label(1.5e-5, 5e-6), "1.5e−5");
        assert_eq!(label(0.0, 0.1), "0");
        assert_eq!(short(1234.567, 4), "1235");
        assert_eq!(short(-0.012_345, 3), "−0.0123");
        assert_eq!(short(f64::NAN, 3), "none");
        assert_eq!(short(1.5e-7, 3), "1.50e−7");
    }
}
