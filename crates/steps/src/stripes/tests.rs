//! Ramps of a few lines, worked out by hand; times from the reference package.

use datamodels::io::fits::{ColumnValues, Table};
use datamodels::metadata::Metadata;
use datamodels::stripes::StripeLayout;
use datamodels::{DataModelError, Model, RampModel};
use ndarray::{Array2, Array3, Array4, s};
use stpipe::Outcome;
use stpipe::Step;

use super::{collate, for_each_plane, part, read_times, require_collated, times};
use crate::superbias::{Superbias, SuperbiasParams};

const REFERENCE_PIXEL: u32 = 1 << 31;

/// Two superstripes of two lines, read twice after a line of reference pixels; two columns, two integrations.
///
/// Lines 4 to 7 are seen. Samples count integration (1000), group (100), line of the image (10) and column.
fn stripes(axes: (i64, i64)) -> RampModel {
    let mut meta = Metadata::new("Level1bModel");
    let columns = axes.1.abs() == 1;
    let shape = if columns { (4, 2, 2, 6) } else { (4, 2, 6, 2) };
    let start = if axes.1 < 0 { 2048 } else { 1 };
    let numbers = [
        ("multistripe_reads1", 1),
        ("multistripe_skips1", 3),
        ("multistripe_reads2", 2),
        ("multistripe_skips2", 0),
        ("repeat_stripe", 1),
        ("interleave_reads1", 0),
        ("superstripe_step", 2),
        ("num_superstripe", 2),
        ("xstart", if columns { start } else { 11 }),
        ("ystart", if columns { 11 } else { start }),
        ("xsize", shape.3 as i64),
        ("ysize", shape.2 as i64),
        ("fastaxis", axes.0),
        ("slowaxis", axes.1),
    ];
    for (name, number) in numbers {
        meta.set(&format!("meta.subarray.{name}"), number);
    }
    meta.set("meta.subarray.name", "SUB");
    meta.set("meta.instrument.name", "NIRCAM");
    let exposure = [
        ("nints", 4),
        ("ngroups", 2),
        ("nframes", 1),
        ("groupgap", 0),
        ("noutputs", 1),
    ];
    for (name, number) in exposure {
        meta.set(&format!("meta.exposure.{name}"), number);
    }
    let data = Array4::from_shape_fn(shape, |(integration, group, row, column)| {
        let (line, pixel) = if columns {
            (column, row)
        } else {
            (row, column)
        };
        (integration * 1000 + group * 100 + line * 10 + pixel) as f32
    });
    let mut ramp = RampModel::new(meta, data);
    for (plane, dq) in [(0, 1), (1, 2)] {
        let rows = shape.2;
        ramp.pixeldq
            .slice_mut(s![plane * rows..(plane + 1) * rows, ..])
            .fill(dq);
    }
    ramp
}

fn layout(ramp: &RampModel) -> StripeLayout {
    let (_, _, rows, columns) = ramp.data.dim();
    StripeLayout::of(&ramp.meta, (rows, columns))
        .unwrap()
        .unwrap()
}

fn collated(ramp: RampModel) -> RampModel {
    let layout = layout(&ramp);
    collate(ramp, &layout).unwrap()
}

#[test]
fn superstripes_have_a_plane_of_quality_each() {
    let mut ramp = stripes((1, 2));
    assert_eq!(
        (ramp.n_planes(), ramp.meta.model_type()),
        (2, "SuperstripeRampModel")
    );
    ramp.zeroframe = Some(Array3::zeros((4, 6, 2)));
    ramp.meta.set("meta.exposure.zero_frame", true);
    for_each_plane(&mut ramp, |mut plane| {
        let number = plane.number;
        assert_eq!(plane.data[[1, 0, 0, 0]], 2000.0 + 1000.0 * number as f32);
        assert_eq!(plane.data.dim(), (2, 2, 6, 2));
        plane.group_dq.fill(number as u8 + 1);
        plane.zero_frame.as_mut().unwrap().fill(number as f32);
        plane.pixel_dq += 10;
        Ok::<(), DataModelError>(())
    })
    .unwrap();
    let turns: Vec<u8> = ramp.groupdq.slice(s![.., 0, 0, 0]).to_vec();
    assert_eq!(turns, [1, 2, 1, 2]);
    assert_eq!(
        ramp.zeroframe.unwrap().slice(s![.., 5, 1]).to_vec(),
        [0.0, 1.0, 0.0, 1.0]
    );
    assert_eq!((ramp.pixeldq[[0, 0]], ramp.pixeldq[[11, 1]]), (11, 12));
}

#[test]
fn an_ordinary_ramp_is_one_plane() {
    let mut ramp = crate::readout::ramps::ramp("NIRCAM", (3, 2, 4, 5), &[]);
    for_each_plane(&mut ramp, |plane| {
        assert_eq!((plane.number, plane.data.dim()), (0, (3, 2, 4, 5)));
        assert_eq!(plane.pixel_dq.dim(), (4, 5));
        assert!(plane.zero_frame.is_none());
        Ok::<(), DataModelError>(())
    })
    .unwrap();
    assert!(require_collated("linearity", &ramp).is_ok());
    let error = require_collated("linearity", &stripes((1, 2))).unwrap_err();
    assert!(error.to_string().contains("SSTR_NST 2"), "{error}");
}

#[test]
fn lines_go_to_their_places_and_repeats_become_groups() {
    let ramp = collated(stripes((1, 2)));
    assert_eq!(ramp.data.dim(), (2, 4, 4, 2));
    // Second integration, fourth group: the second repeat of the second group; lines 4 and 5 of the images.
    let lines: Vec<f32> = ramp.data.slice(s![1, 3, .., 1]).to_vec();
    assert_eq!(lines, [2141.0, 2151.0, 3141.0, 3151.0]);
    let lines: Vec<f32> = ramp.data.slice(s![0, 2, .., 0]).to_vec();
    assert_eq!(lines, [110.0, 120.0, 1110.0, 1120.0]);
    assert_eq!(ramp.pixeldq.column(0).to_vec(), [1, 1, 2, 2]);
    let number = |path: &str| ramp.meta.integer(&format!("meta.{path}"));
    let exposure = ["nints", "ngroups", "integration_start", "integration_end"];
    let found = exposure.map(|name| number(&format!("exposure.{name}")));
    assert_eq!(found, [2, 4, 1, 2].map(Some));
    let subarray = ["xstart", "ystart", "xsize", "ysize"];
    let found = subarray.map(|name| number(&format!("subarray.{name}")));
    assert_eq!(found, [11, 5, 2, 4].map(Some));
    assert_eq!(number("subarray.num_superstripe"), None);
    assert_eq!(number("subarray.multistripe_reads1"), None);
    assert_eq!(
        (ramp.n_planes(), ramp.meta.model_type()),
        (1, RampModel::MODEL_TYPE)
    );
    let times = ramp
        .meta
        .get("meta.exposure.read_times")
        .and_then(asdf::Node::as_sequence);
    assert_eq!(times.map(<[_]>::len), Some(4));
}

#[test]
fn a_reversed_slow_axis_along_columns_counts_from_the_end() {
    let mut input = stripes((-2, -1));
    input.zeroframe = Some(input.data.index_axis(ndarray::Axis(1), 0).to_owned());
    input.meta.set("meta.exposure.zero_frame", true);
    let ramp = collated(input);
    assert_eq!(ramp.data.dim(), (2, 4, 2, 4));
    // The image's last column is the first line. Lines 1 and 2 of the first repeat are columns 3 and 4.
    let columns: Vec<f32> = ramp.data.slice(s![0, 0, 1, ..]).to_vec();
    assert_eq!(columns, [1031.0, 1041.0, 31.0, 41.0]);
    // Of the zero frame, as of the quality, the last repeat stays: columns 0 and 1.
    let columns: Vec<f32> = ramp
        .zeroframe
        .as_ref()
        .unwrap()
        .slice(s![1, 0, ..])
        .to_vec();
    assert_eq!(columns, [3000.0, 3010.0, 2000.0, 2010.0]);
    assert_eq!(ramp.pixeldq.row(1).to_vec(), [2, 2, 1, 1]);
    // Lines 4 to 7 are columns 2041 to 2044, counted from 1.
    assert_eq!(ramp.meta.integer("meta.subarray.xstart"), Some(2041));
}

#[test]
fn what_no_stripe_sees_is_not_a_number() {
    let mut input = stripes((1, 2));
    input.meta.set("meta.subarray.name", "SUB17STRIPE_SOSS");
    let ramp = collated(input);
    assert_eq!(ramp.data.dim(), (2, 4, 2048, 2));
    assert!(ramp.data[[0, 0, 3, 0]].is_nan() && ramp.data[[0, 0, 8, 0]].is_nan());
    assert_eq!(ramp.data[[0, 0, 4, 0]], 10.0);
    assert_eq!(
        (ramp.pixeldq[[3, 0]], ramp.pixeldq[[4, 0]]),
        (REFERENCE_PIXEL, 1)
    );
    assert_eq!(ramp.meta.integer("meta.subarray.ystart"), Some(1));
    assert!(ramp.groupdq.iter().all(|&dq| dq == 0));
}

fn int_times(rows: usize) -> Table {
    let time = |offset: f64| ColumnValues::F64((0..rows).map(|row| row as f64 + offset).collect());
    let numbers = ColumnValues::I32((1..).take(rows).collect());
    Table::new(&[
        ("integration_number", numbers),
        ("int_start_MJD_UTC", time(0.0)),
        ("int_mid_MJD_UTC", time(0.5)),
        ("int_end_MJD_UTC", time(0.75)),
        ("int_start_BJD_TDB", time(100.0)),
        ("int_mid_BJD_TDB", time(100.5)),
        ("int_end_BJD_TDB", time(100.75)),
    ])
    .unwrap()
}

#[test]
fn times_of_integrations_run_from_their_first_to_their_last_stripe() {
    let mut meta = Metadata::new("RampModel");
    // The second segment of an exposure: two integrations of three stripes came before.
    meta.set("meta.exposure.integration_start", 7);
    let found = times::collate(Some(&int_times(6)), &meta, 3).unwrap();
    let (whole, stripes) = (found.integrations.unwrap(), found.stripes.unwrap());
    let of = |table: &Table, name: &str| table.numbers(name).unwrap();
    assert_eq!(of(&whole, "integration_number"), [3.0, 4.0]);
    assert_eq!(of(&whole, "int_start_MJD_UTC"), [0.0, 3.0]);
    assert_eq!(of(&whole, "int_mid_MJD_UTC"), [1.375, 4.375]);
    assert_eq!(of(&whole, "int_end_BJD_TDB"), [102.75, 105.75]);
    assert_eq!(
        of(&stripes, "integration_number"),
        [3.0, 3.0, 3.0, 4.0, 4.0, 4.0]
    );
    assert_eq!(
        of(&stripes, "stripe_number"),
        [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]
    );
    assert_eq!(of(&stripes, "int_mid_BJD_TDB")[5], 105.5);
}

#[test]
fn times_that_do_not_fit_are_refused_and_absent_ones_stay_absent() {
    let meta = Metadata::new("RampModel");
    let error = times::collate(Some(&int_times(5)), &meta, 3).unwrap_err();
    assert!(error.to_string().contains("INT_TIMES"), "{error}");
    let bare = Table::new(&[("integration_number", ColumnValues::I32(vec![1]))]);
    let error = times::collate(bare.as_ref(), &meta, 1).unwrap_err();
    assert!(error.to_string().contains("int_start_MJD_UTC"), "{error}");
    let none = times::collate(None, &meta, 3).unwrap();
    assert!(none.integrations.is_none() && none.stripes.is_none());
}

/// NFRAMES, GROUPGAP, NGROUPS, NOUTPUTS, `MSTR_RD1`, `MSTR_RD2`, SLOWAXIS, SUBSIZE1, SUBSIZE2.
fn read_times_of(numbers: [i64; 9]) -> Vec<Vec<f64>> {
    let mut meta = Metadata::new("RampModel");
    let paths = [
        "exposure.nframes",
        "exposure.groupgap",
        "exposure.ngroups",
        "exposure.noutputs",
        "subarray.multistripe_reads1",
        "subarray.multistripe_reads2",
        "subarray.slowaxis",
        "subarray.xsize",
        "subarray.ysize",
    ];
    for (path, number) in paths.iter().zip(numbers) {
        meta.set(&format!("meta.{path}"), number);
    }
    meta.set("meta.subarray.fastaxis", 3 - numbers[6].abs());
    meta.set("meta.subarray.xstart", 1);
    meta.set("meta.subarray.ystart", 1);
    read_times::times(&meta).unwrap()
}

/// jwst 3.0.0 `lib.stripe_utils.stripe_read_times` on the same numbers.
#[test]
fn read_times_are_those_of_the_reference_package() {
    let single = read_times_of([1, 0, 2, 1, 1, 1, -2, 64, 8]).concat();
    let expected = [
        0.00304,
        0.00456,
        0.00608,
        0.007_600_000_000_000_001,
        0.01064,
        0.01216,
        0.013_680_000_000_000_001,
        0.015_200_000_000_000_002,
    ];
    assert_eq!(single, expected);
    let averaged = read_times_of([2, 3, 2, 1, 2, 8, 2, 64, 20]);
    let expected = [
        [0.009_120_000_000_000_001, 0.025_840_000_000_000_002],
        [0.016_720_000_000_000_002, 0.033_440_000_000_000_004],
        [0.092_720_000_000_000_01, 0.109_440_000_000_000_01],
        [0.10032, 0.11704],
    ];
    assert_eq!(averaged, expected);
    let four_outputs = read_times_of([1, 0, 2, 4, 1, 40, -2, 2048, 82]).concat();
    assert_eq!(
        four_outputs,
        [
            0.22009,
            0.434_930_000_000_000_04,
            0.65502,
            0.869_860_000_000_000_1
        ]
    );
    let whole = read_times_of([1, 0, 2, 1, 0, 0, -1, 60, 8]).concat();
    assert_eq!(
        whole,
        [0.012_600_000_000_000_002, 0.025_200_000_000_000_004]
    );
}

#[test]
fn each_superstripe_has_its_own_part_of_a_reference() {
    let ramp = stripes((1, 2));
    let before = ramp.data.clone();
    let bias = Array2::from_shape_fn((12, 2), |(row, _)| (row / 6 * 500 + row % 6) as f32);
    assert_eq!(part(&bias, 1, 6)[[2, 0]], 502.0);
    let reference = datamodels::reference::SuperbiasReference {
        bias,
        dq: Array2::from_shape_fn((12, 2), |(row, _)| if row == 7 { 8 } else { 0 }),
    };
    let Outcome::Complete(ramp) = Superbias::run(&SuperbiasParams {}, reference, ramp).unwrap()
    else {
        panic!("not complete")
    };
    for ((integration, group, row, column), value) in ramp.data.indexed_iter() {
        let bias = (integration % 2 * 500 + row) as f32;
        assert_eq!(*value, before[[integration, group, row, column]] - bias);
    }
    assert_eq!((ramp.pixeldq[[7, 0]], ramp.pixeldq[[1, 0]]), (10, 1));
}
