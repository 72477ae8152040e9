use approx::assert_relative_eq;
use ndarray::Array2;
use proptest::prelude::*;

use super::*;

fn statistics(statistic: Statistic) -> SkyStatistics {
    SkyStatistics {
        statistic,
        lower: None,
        upper: None,
        clips: 5,
        low_sigma: 4.0,
        high_sigma: 4.0,
        bin_width: 0.1,
    }
}

/// 40 values made of a fixed sequence, two of them far off.
fn sample() -> Vec<f32> {
    let mut values: Vec<f32> = (0..38)
        .map(|i| ((i * 17) % 23) as f32 / 4.0 + 10.0)
        .collect();
    values.extend([500.0, -300.0]);
    values
}

#[test]
fn statistics_are_those_of_imagestats() {
    // SkyStats(kind)(sample) with the defaults of stcal 1.20.0.
    for (statistic, value) in [
        (Statistic::Mean, 12.815_789_222_717_285),
        (Statistic::Median, 12.75),
        (Statistic::Mode, 10.084_263_712_167_74),
        (Statistic::Midpoint, 12.780_702_456_831_932),
    ] {
        let found = statistics(statistic).measure(&mut sample()).unwrap();
        assert_relative_eq!(found.value, value, max_relative = 1e-7);
        assert_eq!(found.pixels, 38);
    }
}

#[test]
fn limits_that_exclude_all_values_give_nothing() {
    let none = |lower, upper| {
        let limited = SkyStatistics {
            lower,
            upper,
            ..statistics(Statistic::Mean)
        };
        limited.measure(&mut sample())
    };
    assert_eq!(none(Some(501.0), None), None);
    assert_eq!(none(None, Some(-301.0)), None);
    assert_eq!(none(Some(12.0), Some(11.0)), None);
    assert_eq!(none(Some(100.0), Some(200.0)), None);
    assert_eq!(statistics(Statistic::Mean).measure(&mut []), None);
    let flat = SkyStatistics {
        bin_width: 0.0,
        ..statistics(Statistic::Mode)
    };
    assert_eq!(flat.measure(&mut sample()), None);
}

#[test]
fn the_midpoint_of_equal_values_is_their_number_in_the_bin() {
    // SkyStats("midpt")(np.full(9, 4, "f4")) is 0, of 9 pixels: the bin is empty.
    let found = statistics(Statistic::Midpoint)
        .measure(&mut [4.0; 9])
        .unwrap();
    assert_eq!(
        found,
        Level {
            value: 0.0,
            pixels: 9
        }
    );
}

#[test]
fn spans_of_a_square_hold_its_border() {
    let square = vec![(-0.5, -0.5), (4.5, -0.5), (4.5, 3.5), (-0.5, 3.5)];
    let spans = Spans::inside(std::slice::from_ref(&square), (4, 5));
    assert_eq!(spans.pixels(), 20);
    assert_eq!(Spans::inside(&[square.clone(), square], (4, 5)), spans);
    assert_eq!(
        Spans::inside(&[vec![(0.0, 0.0), (f64::NAN, 1.0), (2.0, 2.0)]], (4, 5)).pixels(),
        0
    );
    assert_eq!(
        Spans::inside(&[vec![(9.0, 9.0), (12.0, 9.0), (9.0, 12.0)]], (4, 5)).pixels(),
        0
    );
}

#[test]
fn border_has_steps_no_longer_than_asked() {
    // _calc_bounding_polygon(np.zeros((4, 6)), ..., stepsize=3): 3 points a row, 2 a column.
    let (x, y) = border((4, 6), Some(3.0));
    assert_eq!(x, [-0.5, 2.5, 5.5, 5.5, 2.5, -0.5, -0.5]);
    assert_eq!(y, [-0.5, -0.5, -0.5, 3.5, 3.5, 3.5, -0.5]);
}

#[test]
fn levels_of_a_chain_are_the_sums_of_its_differences() {
    let pair = |i, j, a, b| Overlap {
        images: [i, j],
        levels: [a, b],
        weight: 10.0,
    };
    let overlaps = [pair(0, 1, 3.0, 1.0), pair(1, 2, 5.0, 6.0)];
    let down = match_levels(4, &overlaps, Direction::Down);
    assert_eq!(down.rank, 2);
    for (found, expected) in down
        .levels
        .iter()
        .zip([Some(2.0), Some(0.0), Some(1.0), None])
    {
        assert_eq!(found.is_some(), expected.is_some());
        assert_relative_eq!(
            found.unwrap_or(0.0),
            expected.unwrap_or(0.0),
            epsilon = 1e-14
        );
    }
    let up = match_levels(4, &overlaps, Direction::Up);
    assert_relative_eq!(up.levels[1].unwrap(), -2.0, epsilon = 1e-14);
}

#[test]
fn a_small_overlap_counts_beside_a_large_one() {
    let pair = |j, difference, weight| Overlap {
        images: [0, j],
        levels: [difference, 0.0],
        weight,
    };
    let found = match_levels(3, &[pair(1, 0.3, 1e6), pair(2, -1.5, 1.0)], Direction::Down);
    for (found, expected) in found.levels.iter().zip([0.3, 0.0, 1.8]) {
        assert_relative_eq!(found.unwrap(), expected, epsilon = 1e-15);
    }
}

proptest! {
    #[test]
    fn levels_satisfy_the_normal_equations(
        differences in prop::collection::vec((0_usize..6, 0_usize..6, -5.0..5.0_f64, 1.0..1e6_f64), 0..15),
    ) {
        let overlaps: Vec<Overlap> = (differences.into_iter())
            .filter(|(i, j, ..)| i != j)
            .map(|(i, j, difference, weight)| Overlap { images: [i, j], levels: [difference, 0.0], weight })
            .collect();
        let found = match_levels(6, &overlaps, Direction::Down);
        let mut gradient = Array2::<f64>::zeros((6, 2));
        for overlap in &overlaps {
            let [i, j] = overlap.images;
            let residual = found.levels[i].unwrap() - found.levels[j].unwrap() - overlap.levels[0];
            let square = overlap.weight * overlap.weight;
            for (image, sign) in [(i, 1.0), (j, -1.0)] {
                gradient[[image, 0]] += sign * square * residual;
                gradient[[image, 1]] += square * 10.0;
            }
        }
        for row in gradient.rows() {
            prop_assert!(row[0].abs() <= 1e-9 * row[1]);
        }
    }

    #[test]
    fn statistics_move_with_the_values(shift in -100.0..100.0_f64) {
        let shift = shift.round();
        for statistic in [Statistic::Mean, Statistic::Median, Statistic::Mode] {
            let here = statistics(statistic).measure(&mut sample()).unwrap();
            let mut moved: Vec<f32> = sample().iter().map(|value| value + shift as f32).collect();
            let there = statistics(statistic).measure(&mut moved).unwrap();
            prop_assert_eq!(here.pixels, there.pixels);
            prop_assert!((there.value - here.value - shift).abs() < 1e-3);
        }
    }
}
