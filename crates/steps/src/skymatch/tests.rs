use super::report::general;
use super::*;

#[test]
fn numbers_have_six_digits() {
    // f"{value:G}" of Python 3.11.
    for (value, text) in [
        (0.0, "0"),
        (0.123_456_789, "0.123457"),
        (-12.5, "-12.5"),
        (1_234_567.0, "1.23457E+06"),
        (123_456.0, "123456"),
        (0.000_012_345, "1.2345E-05"),
        (0.000_1, "0.0001"),
        (f64::NAN, "NAN"),
    ] {
        assert_eq!(general(value), text);
    }
}

#[test]
fn statistics_follow_the_parameters() {
    let params = SkyMatchParams {
        skystat: "midpt".into(),
        lower: Some(-1.0),
        ..SkyMatchParams::default()
    };
    let found = statistics(&params);
    assert_eq!(
        (found.statistic, found.lower, found.upper),
        (Statistic::Midpoint, Some(-1.0), None)
    );
    assert_eq!(
        (found.clips, found.low_sigma, found.bin_width),
        (5, 4.0, 0.1)
    );
}
