//! Tests with models made in memory.

use datamodels::RampModel;
use datamodels::reference::SaturationReference;
use ndarray::{Array2, Array3};
use stpipe::{Outcome, Step};

use super::{Saturation, SaturationParams, SaturationReferences, averaged_groups};
use crate::readout::ramps::ramp;

const NO_SAT_CHECK: u32 = 1 << 21;

fn references(shape: (usize, usize), threshold: f32) -> SaturationReferences {
    let saturation = SaturationReference {
        threshold: Array2::from_elem(shape, threshold),
        dq: Array2::zeros(shape),
    };
    SaturationReferences {
        saturation,
        bias: None,
    }
}

#[test]
fn groups_of_one_frame_hide_nothing() {
    let of = |frames, use_readpatt| {
        let ramp = ramp("NIRCAM", (1, 5, 4, 4), &[("meta.exposure.nframes", frames)]);
        let params = SaturationParams {
            use_readpatt,
            ..Default::default()
        };
        averaged_groups(&params, &ramp).unwrap()
    };
    assert_eq!(of(1, true), None);
    assert_eq!(of(4, false), None);
    let pattern = of(4, true).unwrap();
    assert_eq!(
        (pattern.n_groups(), pattern.reads(4)),
        (5, [17, 18, 19, 20].as_slice())
    );
}

#[test]
fn flags_grow_over_the_edges_of_bands_and_zero_frames_are_cleared() {
    let mut input = ramp("NIRCAM", (2, 2, 20, 4), &[]);
    input.data[[1, 0, 8, 0]] = 200.0;
    input.meta.set("meta.exposure.zero_frame", true);
    let mut frame = Array3::ones((2, 20, 4));
    frame[[0, 16, 3]] = 150.0;
    input.zeroframe = Some(frame);
    let mut references = references((20, 4), 100.0);
    references.saturation.threshold[[19, 3]] = f32::NAN;
    let params = SaturationParams {
        n_pix_grow_sat: 1,
        use_readpatt: true,
    };
    let outcome = Saturation::run(&params, references, input).unwrap();
    let Outcome::Complete(ramp) = outcome else {
        panic!("not complete")
    };
    let flagged: Vec<_> = ramp
        .groupdq
        .indexed_iter()
        .filter(|(_, dq)| **dq != 0)
        .map(|(place, _)| place)
        .collect();
    let expected: Vec<_> = (0..2)
        .flat_map(|group| {
            (7..10).flat_map(move |row| (0..2).map(move |column| (1, group, row, column)))
        })
        .collect();
    assert_eq!(flagged, expected);
    let frame = ramp.zeroframe.unwrap();
    let cleared: Vec<_> = frame
        .indexed_iter()
        .filter(|(_, v)| **v == 0.0)
        .map(|(place, _)| place)
        .collect();
    let expected: Vec<_> = (15..18)
        .flat_map(|row| (2..4).map(move |column| (0, row, column)))
        .collect();
    assert_eq!(cleared, expected);
    assert_eq!(ramp.pixeldq.iter().filter(|dq| **dq != 0).count(), 1);
    assert_eq!(ramp.pixeldq[[19, 3]], NO_SAT_CHECK);
}

#[test]
fn interleaved_reference_pixels_are_neither_looked_at_nor_neighbours() {
    let mut ramp = ramp("NIRSPEC", (1, 2, 3200, 3), &[]);
    ramp.meta.set("meta.instrument.detector", "NRS1");
    // The first reference pixel after the block of eight normal ones, and the first normal pixel after it.
    ramp.data[[0, 1, 648, 1]] = 60_000.0;
    ramp.data[[0, 1, 652, 1]] = 60_000.0;
    let checked = references((2048, 3), 50_000.0);
    let mut unchecked = checked.clone();
    unchecked.saturation.dq.fill(NO_SAT_CHECK);
    let params = SaturationParams::default();
    let output = |references| {
        let outcome = Saturation::run(&params, references, ramp.clone()).unwrap();
        outcome.into_model()
    };
    let flagged = |output: &RampModel| -> Vec<usize> {
        let column = output.groupdq.slice(ndarray::s![0, 1, .., 1]);
        (0..3200).filter(|&row| column[row] != 0).collect()
    };
    // Rows 647 and 652 are neighbours on the detector.
    assert_eq!(flagged(&output(checked)), [647, 652, 653]);
    let unchecked = output(unchecked);
    assert!(flagged(&unchecked).is_empty());
    assert_eq!(unchecked.pixeldq[[648, 0]], 0);
    assert_eq!(unchecked.pixeldq[[652, 0]], NO_SAT_CHECK);
}
