//! Tests with models made in memory.

use datamodels::reference::IpcReference;
use ndarray::{Array2, Array4};
use stcal::ipc::{IpcKernel, ReferenceEdges};
use stpipe::Step;

use super::{Ipc, IpcParams, kernel, reference_edges};
use crate::readout::ramps::ramp;

fn edges(instrument: &str, (x, y): (i64, i64), (rows, columns): (usize, usize)) -> ReferenceEdges {
    let start = [("meta.subarray.xstart", x), ("meta.subarray.ystart", y)];
    reference_edges(&ramp(instrument, (1, 1, rows, columns), &start)).unwrap()
}

#[test]
fn reference_edges_of_near_infrared_subarrays() {
    let all = ReferenceEdges {
        bottom: 4,
        top: 4,
        left: 4,
        right: 4,
    };
    assert_eq!(edges("NIRCAM", (1, 1), (2048, 2048)), all);
    let corner = ReferenceEdges {
        bottom: 0,
        top: 4,
        left: 0,
        right: 4,
    };
    assert_eq!(edges("NIRISS", (1985, 1985), (64, 64)), corner);
    let shifted = ReferenceEdges {
        bottom: 2,
        top: 0,
        left: 3,
        right: 0,
    };
    assert_eq!(edges("FGS", (2, 3), (64, 64)), shifted);
    assert_eq!(
        edges("NIRCAM", (933, 941), (160, 160)),
        ReferenceEdges::default()
    );
}

#[test]
fn miri_has_no_reference_rows() {
    let sides = ReferenceEdges {
        bottom: 0,
        top: 0,
        left: 4,
        right: 4,
    };
    assert_eq!(edges("MIRI", (1, 1), (1024, 1032)), sides);
    assert_eq!(
        edges("MIRI", (1, 779), (64, 72)),
        ReferenceEdges { right: 0, ..sides }
    );
}

#[test]
fn kernels_of_pixels_are_cut_to_the_subarray() {
    let whole = Array4::from_shape_fn((3, 3, 8, 9), |(_, _, y, x)| (10 * y + x) as f32);
    let reference = IpcReference {
        kernel: whole.into_dyn(),
    };
    let start = [("meta.subarray.xstart", 3), ("meta.subarray.ystart", 5)];
    let inside = ramp("NIRCAM", (1, 1, 4, 6), &start);
    let IpcKernel::PerPixel(cut) = kernel(&reference, &inside).unwrap() else {
        panic!("uniform")
    };
    assert_eq!(cut.dim(), (3, 3, 4, 6));
    assert_eq!((cut[[0, 0, 0, 0]], cut[[2, 2, 3, 5]]), (42.0, 77.0));
    let outside = ramp("NIRCAM", (1, 1, 5, 6), &start);
    let error = kernel(&reference, &outside).unwrap_err().to_string();
    assert_eq!(
        error,
        "kernel of the IPC reference: expected one that covers 5 rows from 4 and 6 columns from 2, \
         found shape [3, 3, 8, 9]"
    );
}

#[test]
fn every_group_of_every_integration_is_corrected() {
    let middle = Array2::from_shape_fn((3, 3), |place| if place == (1, 1) { 1.5 } else { 0.0 });
    let start = [("meta.subarray.xstart", 100), ("meta.subarray.ystart", 3)];
    let ramp = ramp("NIRCAM", (2, 3, 5, 4), &start);
    let reference = IpcReference {
        kernel: middle.into_dyn(),
    };
    let ramp = Ipc::run(&IpcParams {}, reference, ramp)
        .unwrap()
        .into_model();
    // Rows 3 and 4 of the detector see no light.
    for (place, &value) in ramp.data.indexed_iter() {
        assert_eq!(value, if place.2 < 2 { 1.0 } else { 1.5 }, "{place:?}");
    }
}
