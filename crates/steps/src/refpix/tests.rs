//! Tests with models made in memory.

use datamodels::RampModel;
use stcal::refpix::ReadoutAxes;
use stpipe::{Outcome, Parameters, Prepared, ReferenceFiles, Step, Values};

use super::geometry::reference_pixels;
use super::{Readout, Refpix, RefpixParams, RefpixReferences, SideAlgorithm};
use crate::readout::ramps::ramp;

const REFERENCE_PIXEL: u32 = 1 << 31;

fn prepare(params: &RefpixParams, ramp: &RampModel) -> Result<Prepared<RefpixReferences>, String> {
    let files = ReferenceFiles::default();
    let prepared = Refpix::prepare(params, ramp, &files).map_err(|error| error.to_string());
    assert!(files.used().is_empty());
    prepared
}

fn readout(ramp: &RampModel) -> Readout {
    Readout::of(ramp).unwrap().unwrap()
}

#[test]
fn readout_follows_outputs_and_the_size_of_the_image() {
    let outputs = |n, shape| readout(&ramp("NIRCAM", shape, &[("meta.exposure.noutputs", n)]));
    assert!(matches!(
        outputs(1, (1, 1, 2048, 2048)),
        Readout::Amplifiers { .. }
    ));
    assert!(matches!(
        outputs(4, (1, 1, 64, 2048)),
        Readout::Amplifiers { .. }
    ));
    assert!(matches!(
        outputs(1, (1, 1, 64, 2048)),
        Readout::SingleOutput { .. }
    ));
    assert!(matches!(
        readout(&ramp("MIRI", (1, 1, 1024, 1032), &[])),
        Readout::Interleaved(_)
    ));
}

#[test]
fn subarrays_are_placed_in_the_frame_of_the_detector() {
    let start = [
        ("meta.subarray.xstart", 1921),
        ("meta.subarray.ystart", 1900),
    ];
    let turned = [
        ("meta.subarray.fastaxis", -2),
        ("meta.subarray.slowaxis", -1),
    ];
    let ramp = ramp("FGS", (1, 1, 100, 128), &[start, turned].concat());
    // Read from the top down, column by column from the right: 49 rows of pixels lie above the subarray, none beside it.
    let axes = ReadoutAxes::new(-2, -1).unwrap();
    assert_eq!(
        readout(&ramp),
        Readout::SingleOutput {
            axes,
            first_column: 49
        }
    );
    let four = [("meta.exposure.noutputs", 4)];
    let ramp = self::ramp(
        "FGS",
        (1, 1, 100, 128),
        &[&start[..], &turned, &four].concat(),
    );
    let Readout::Amplifiers { geometry, .. } = readout(&ramp) else {
        panic!("one output")
    };
    assert_eq!(geometry.origin, (0, 49));
    assert_eq!(geometry.amplifier_edges, [0, 512, 1024, 1536, 2048]);
}

#[test]
fn miri_subarrays_and_misplaced_ones_are_skipped() {
    let skipped = |ramp: RampModel| match prepare(&RefpixParams::default(), &ramp).unwrap() {
        Prepared::Skip(reason) => reason.to_string(),
        Prepared::Ready(readout) => panic!("{readout:?}"),
    };
    assert_eq!(
        skipped(ramp("MIRI", (1, 2, 64, 72), &[])),
        "MIRI subarrays are not corrected"
    );
    for start in [0, 1986] {
        let outside = ramp("NIRCAM", (1, 2, 64, 64), &[("meta.subarray.xstart", start)]);
        assert_eq!(
            skipped(outside),
            "the subarray does not lie on the detector"
        );
    }
}

#[test]
fn sirs_needs_kernels_for_near_infrared_full_frames_only() {
    let params = RefpixParams {
        refpix_algorithm: SideAlgorithm::Sirs,
        ..Default::default()
    };
    let named = |instrument, name: &str| {
        let mut ramp = ramp(instrument, (1, 1, 64, 64), &[]);
        ramp.meta.set("meta.subarray.name", name);
        prepare(&params, &ramp)
    };
    let message = named("NIRCAM", "FULL").unwrap_err();
    assert!(message.contains("SIRSKERNEL"), "{message}");
    assert!(matches!(named("NIRCAM", "SUB64P"), Ok(Prepared::Ready(_))));
    assert!(matches!(named("MIRI", "FULL"), Ok(Prepared::Skip(_))));
}

#[test]
fn outer_columns_stand_in_for_reference_pixels_of_some_subarrays() {
    let flagged = |name: &str| {
        let mut ramp = ramp("NIRSPEC", (1, 1, 2, 12), &[]);
        ramp.meta.set("meta.subarray.name", name);
        let row: Vec<u32> = reference_pixels(&ramp)
            .row(1)
            .iter()
            .map(|dq| dq & REFERENCE_PIXEL)
            .collect();
        assert!(ramp.pixeldq.iter().all(|&dq| dq == 0));
        row.iter()
            .map(|&dq| if dq == 0 { '.' } else { 'r' })
            .collect::<String>()
    };
    assert_eq!(flagged("SUB512S"), "rrrr....rrrr");
    assert_eq!(flagged("SUB1024A"), "............");
}

#[test]
fn a_single_output_loses_the_level_of_its_reference_pixels() {
    let mut input = ramp(
        "NIRCAM",
        (2, 3, 16, 8),
        &[("meta.subarray.fastaxis", 2), ("meta.subarray.slowaxis", 1)],
    );
    // Along the fast axis, here from row to row, odd and even columns of the detector differ.
    for ((integration, group, row, _), value) in input.data.indexed_iter_mut() {
        *value = (100 * integration + 10 * group + row % 2) as f32;
    }
    input
        .pixeldq
        .slice_mut(ndarray::s![..4, ..])
        .fill(REFERENCE_PIXEL);
    let params = RefpixParams::default();
    let readout = readout(&input);
    let references = RefpixReferences::Images(readout, None);
    let ramp = Refpix::run(&params, references, input)
        .unwrap()
        .into_model();
    assert!(ramp.data.iter().all(|&value| value == 0.0), "{}", ramp.data);
}

#[test]
fn a_median_of_no_rows_is_refused() {
    let error =
        RefpixParams::from_values(&Values::from_iter([("side_smoothing_length", 0)])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "parameter `side_smoothing_length`: expected an integer >= 1, found 0"
    );
}

/// Two superstripes of three lines, of which the first is of reference pixels; the second stripe's is bad in one column.
fn superstripes() -> RampModel {
    let numbers = [
        ("meta.subarray.multistripe_reads1", 1),
        ("meta.subarray.multistripe_skips1", 0),
        ("meta.subarray.multistripe_reads2", 2),
        ("meta.subarray.multistripe_skips2", 0),
        ("meta.subarray.repeat_stripe", 1),
        ("meta.subarray.interleave_reads1", 1),
        ("meta.subarray.superstripe_step", 2),
        ("meta.subarray.num_superstripe", 2),
        ("meta.exposure.nints", 2),
        ("meta.exposure.ngroups", 1),
    ];
    let ramp = ramp("NIRCAM", (2, 1, 3, 4), &numbers);
    let mut ramp = RampModel::new(ramp.meta, ramp.data);
    for stripe in [0, 1] {
        ramp.pixeldq.row_mut(3 * stripe).fill(REFERENCE_PIXEL);
        ramp.data[[stripe, 0, 0, 0]] = 5.0;
    }
    ramp.pixeldq[[3, 0]] |= 1;
    ramp
}

#[test]
fn superstripes_take_the_flags_of_the_first_unless_told_otherwise() {
    let lines = |superstripe_own_flags| {
        let params = RefpixParams {
            superstripe_own_flags,
            ..RefpixParams::default()
        };
        let input = superstripes();
        let references = RefpixReferences::Images(readout(&input), None);
        let run = Refpix::run(&params, references, input).unwrap();
        let Outcome::Complete(ramp) = run else {
            panic!("not complete")
        };
        assert_eq!(ramp.data.dim(), (1, 1, 4, 4));
        ramp.data.slice(ndarray::s![0, 0, .., 0]).to_vec()
    };
    // The mean of 5 and 1 is taken from even columns; the bad pixel left out, 1.
    assert_eq!(lines(false), [-2.0, -2.0, -2.0, -2.0]);
    assert_eq!(lines(true), [-2.0, -2.0, 0.0, 0.0]);
}

#[test]
fn columns_of_striped_images_count_from_the_start_of_the_image() {
    let mut input = superstripes();
    input.meta.set("meta.subarray.xstart", 513);
    input.meta.set("meta.subarray.fastaxis", -1);
    let Readout::Stripes {
        geometry, layout, ..
    } = readout(&input)
    else {
        panic!("no stripes")
    };
    assert_eq!(geometry.first_column, 512);
    assert_eq!((layout.n_superstripes(), layout.n_repeats()), (2, 1));
}
