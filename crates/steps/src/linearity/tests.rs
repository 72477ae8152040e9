//! Tests with models made in memory.

use asdf::Node;
use datamodels::reference::LinearityReference;
use ndarray::{Array2, Array3, Axis};
use stpipe::Step;

use super::{Linearity, LinearityParams, averaged_reads};
use crate::readout::ramps::ramp;

const NO_LIN_CORR: u32 = 1 << 20;

/// Twice the signal; the inverse is not a number in the last pixel.
fn reference(shape: (usize, usize)) -> LinearityReference {
    let of = |slope: f32| {
        Array3::from_shape_fn((2, shape.0, shape.1), |(power, ..)| slope * power as f32)
    };
    let mut inverse = of(0.5);
    inverse[[0, shape.0 - 1, shape.1 - 1]] = f32::NAN;
    LinearityReference {
        coefficients: of(2.0).insert_axis(Axis(0)).into(),
        inverse: Some(inverse.insert_axis(Axis(0)).into()),
        dq: Array2::zeros(shape),
    }
}

#[test]
fn reads_are_told_apart_only_in_averaged_groups_without_times() {
    let of = |n_groups, frames, times: Option<Node>| {
        let mut ramp = ramp(
            "NIRCAM",
            (1, n_groups, 1, 1),
            &[("meta.exposure.nframes", frames)],
        );
        if let Some(times) = times {
            ramp.meta.set("meta.exposure.read_times", times);
        }
        averaged_reads(&ramp)
            .unwrap()
            .map(|pattern| (pattern.n_groups(), pattern.reads(1).to_vec()))
    };
    assert_eq!(of(3, 2, None), Some((3, vec![3, 4])));
    assert_eq!(
        of(3, 2, Some(Node::Sequence(vec![]))),
        Some((3, vec![3, 4]))
    );
    assert_eq!(of(3, 2, Some(Node::Sequence(vec![Node::from(1.0)]))), None);
    assert_eq!(of(3, 1, None), None);
    assert_eq!(of(1, 2, None), None);
}

#[test]
fn the_inverse_counts_only_where_it_is_used() {
    let flags = |frames| {
        let ramp = ramp(
            "NIRCAM",
            (1, 3, 11, 2),
            &[("meta.exposure.nframes", frames)],
        );
        let ramp = Linearity::run(&LinearityParams {}, reference((11, 2)), ramp)
            .unwrap()
            .into_model();
        assert!(ramp.data.iter().take(21).all(|&value| value == 2.0));
        ramp.pixeldq[[10, 1]]
    };
    assert_eq!(flags(1), 0);
    assert_eq!(flags(2), NO_LIN_CORR);
}

#[test]
fn zero_frames_are_corrected_where_the_header_tells_of_them() {
    let corrected = |told: bool| {
        let mut ramp = ramp("NIRCAM", (1, 2, 11, 2), &[]);
        ramp.meta.set("meta.exposure.zero_frame", told);
        ramp.zeroframe = Some(Array3::from_shape_fn((1, 11, 2), |(_, row, _)| row as f32));
        let ramp = Linearity::run(&LinearityParams {}, reference((11, 2)), ramp)
            .unwrap()
            .into_model();
        ramp.zeroframe.unwrap()
    };
    assert_eq!(
        corrected(true),
        Array3::from_shape_fn((1, 11, 2), |(_, row, _)| 2.0 * row as f32)
    );
    assert_eq!(
        corrected(false),
        Array3::from_shape_fn((1, 11, 2), |(_, row, _)| row as f32)
    );
}
