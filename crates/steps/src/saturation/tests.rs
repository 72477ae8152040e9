//! Tests with models made in memory.

use datamodels::reference::SaturationReference;
use ndarray::{Array2, Array3};
use stpipe::{Outcome, ReferenceFiles, Step};

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
fn interleaved_images_are_refused_before_any_reference_is_asked_for() {
    let ramp = ramp("NIRSPEC", (1, 1, 3200, 1), &[]);
    let files = ReferenceFiles::default();
    let error = Saturation::prepare(&SaturationParams::default(), &ramp, &files).unwrap_err();
    assert_eq!(
        error.to_string(),
        "saturation cannot process exposures in NIRSpec's IRS2 mode in this version"
    );
    assert!(files.used().is_empty());
}
