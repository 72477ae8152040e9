//! Layouts worked out by hand from the rules of the readout.

use proptest::prelude::*;

use super::{CollatedFrame, DETECTOR_LINES, Read, StripeLayout};
use crate::metadata::Metadata;

/// Reads 1, skips 1, reads 2, skips 2, repeat, interleave, step and number of superstripes.
type Numbers = [i64; 8];

const PATHS: [&str; 8] = [
    "meta.subarray.multistripe_reads1",
    "meta.subarray.multistripe_skips1",
    "meta.subarray.multistripe_reads2",
    "meta.subarray.multistripe_skips2",
    "meta.subarray.repeat_stripe",
    "meta.subarray.interleave_reads1",
    "meta.subarray.superstripe_step",
    "meta.subarray.num_superstripe",
];

fn meta(name: &str, axes: (i64, i64), start: i64, numbers: Numbers) -> Metadata {
    let mut meta = Metadata::new("RampModel");
    meta.set("meta.subarray.name", name);
    meta.set("meta.subarray.fastaxis", axes.0);
    meta.set("meta.subarray.slowaxis", axes.1);
    for path in ["meta.subarray.xstart", "meta.subarray.ystart"] {
        meta.set(path, start);
    }
    for (path, number) in PATHS.iter().zip(numbers) {
        meta.set(path, number);
    }
    meta
}

fn layout(meta: &Metadata, image: (usize, usize)) -> StripeLayout {
    StripeLayout::of(meta, image).unwrap().unwrap()
}

fn read(detector: std::ops::Range<usize>, image: std::ops::Range<usize>) -> Read {
    Read { detector, image }
}

#[test]
fn an_exposure_without_stripes_has_no_layout() {
    let mut meta = Metadata::new("RampModel");
    assert_eq!(StripeLayout::of(&meta, (4, 4)).unwrap(), None);
    meta.set(PATHS[7], 0);
    assert_eq!(StripeLayout::of(&meta, (4, 4)).unwrap(), None);
}

#[test]
fn interleaved_substripes_start_again_and_go_further() {
    let meta = meta(
        "SUB82STRIPE2_DHS",
        (1, -2),
        2048,
        [1, 1662, 40, 82, 1, 1, 0, 0],
    );
    let layout = layout(&meta, (82, 64));
    assert!(!layout.superstripes && layout.slow.reversed && !layout.slow.columns);
    let stripe = &layout.stripes[0];
    assert_eq!(stripe.reference, [read(0..1, 0..1), read(0..1, 41..42)]);
    // The second time 1662 + 82 + 40 lines are skipped after the first one.
    assert_eq!(
        stripe.science,
        [read(1663..1703, 1..41), read(1785..1825, 42..82)]
    );
    // Image rows run against the readout: the last row is the first line, which is the last row of a full frame.
    let lines = layout.full_frame_lines(stripe);
    assert_eq!(
        (lines[81], lines[40], lines[80], lines[41]),
        (2047, 2047, 384, 345)
    );
    assert_eq!((lines[0], lines[39]), (223, 262));
}

#[test]
fn superstripes_advance_by_their_step_and_repeat_the_same_lines() {
    let meta = meta("SUB64P_SUPSTP008", (-1, 2), 3, [2, 100, 8, 0, 1, 0, 8, 3]);
    let layout = layout(&meta, (20, 64));
    assert!(layout.superstripes);
    assert_eq!((layout.n_superstripes(), layout.n_repeats()), (3, 2));
    let last = &layout.stripes[2];
    assert_eq!(last.reference, [read(2..4, 0..2), read(2..4, 10..12)]);
    assert_eq!(
        last.science,
        [read(120..128, 2..10), read(120..128, 12..20)]
    );
    let frame = CollatedFrame {
        first_line: 104,
        lines: 24,
        start: 105,
    };
    assert_eq!(layout.collated(), frame);
}

#[test]
fn pure_superstripes_read_as_many_lines_as_they_advance() {
    let numbers = [0, 0, 0, 0, 0, 0, 60, 8];
    let meta = meta("SUB60STRIPE", (-2, -1), 2000, numbers);
    let layout = layout(&meta, (40, 60));
    assert!(layout.slow.columns);
    assert_eq!(layout.stripes[7].science, [read(468..528, 0..60)]);
    // Lines 48 to 527 from the end of the axis.
    let frame = layout.collated();
    assert_eq!(
        (frame.first_line, frame.lines, frame.start),
        (48, 480, 1521)
    );
}

#[test]
fn soss_stripes_fill_the_whole_axis() {
    let meta = meta(
        "SUB680STRIPE_SOSS",
        (-2, -1),
        2048,
        [4, 0, 680, 0, 1, 1, 680, 3],
    );
    let layout = layout(&meta, (24, 684));
    let frame = CollatedFrame {
        first_line: 0,
        lines: 2048,
        start: 1,
    };
    assert_eq!(layout.collated(), frame);
    assert_eq!(layout.stripes[2].science, [read(1364..2044, 4..684)]);
}

#[test]
fn early_products_have_wrong_starts() {
    let numbers = [1, 10, 4, 0, 1, 1, 0, 0];
    for (name, start) in [("SUB41STRIPE1_DHS", 1000), ("OTHER", 1), ("OTHER", 2048)] {
        let layout = layout(&meta(name, (1, -2), start, numbers), (5, 8));
        assert_eq!(layout.stripes[0].science, [read(11..15, 1..5)]);
    }
}

#[test]
fn values_that_cannot_be_are_named() {
    let good: Numbers = [1, 10, 4, 0, 1, 1, 5, 3];
    let cases: [(usize, i64, &str); 12] = [
        (0, -1, "MSTR_RD1"),
        (0, i64::MAX, "MSTR_RD1"),
        (1, -5, "MSTR_SK1"),
        (1, 2047, "MSTR_SK1"),
        (2, 3, "MSTR_RD2"),
        (2, i64::MAX, "MSTR_RD2"),
        (3, -1, "MSTR_SK2"),
        (4, -1, "MSTR_RPT"),
        (5, -1, "MSTR_ILV"),
        (6, 1500, "SSTR_STP"),
        (7, -1, "SSTR_NST"),
        (7, 1 << 40, "SSTR_NST"),
    ];
    for (place, value, keyword) in cases {
        let mut numbers = good;
        numbers[place] = value;
        let error = StripeLayout::of(&meta("SUB", (1, 2), 1, numbers), (5, 8)).unwrap_err();
        let expected = format!("keyword {keyword} ");
        assert!(error.to_string().contains(&expected), "{keyword}: {error}");
    }
    for (place, path) in PATHS.iter().enumerate() {
        let mut meta = meta("SUB", (1, 2), 1, good);
        meta.remove(path);
        let error = StripeLayout::of(&meta, (5, 8)).unwrap_err().to_string();
        assert!(error.contains(path), "{place}: {error}");
    }
    let error = StripeLayout::of(&meta("SUB", (1, 2), 5000, good), (5, 8)).unwrap_err();
    assert!(error.to_string().contains("SUBSTRT2"), "{error}");
    let none = [0, 0, 0, 0, 0, 0, 0, 2];
    let error = StripeLayout::of(&meta("SUB", (1, 2), 1, none), (5, 8)).unwrap_err();
    assert!(error.to_string().contains("MSTR_RD2"), "{error}");
}

proptest! {
    /// Whatever the header says, a layout that is given out fills its image and stays on the detector.
    #[test]
    fn layouts_fill_the_image(
        numbers in prop::array::uniform8(0_i64..300),
        flags in (0_i64..2, 0_i64..2, 0_i64..20),
        axes in prop::sample::select(vec![(1_i64, 2_i64), (1, -2), (-1, 2), (2, 1), (-2, -1), (2, -1)]),
        start in 1_i64..=2048,
        lines in 1_usize..700,
    ) {
        let mut numbers = numbers;
        (numbers[4], numbers[5], numbers[7]) = flags;
        let image = if axes.1.abs() == 1 { (6, lines) } else { (lines, 6) };
        if let Ok(Some(layout)) = StripeLayout::of(&meta("SUB", axes, start, numbers), image) {
            prop_assert_eq!(layout.stripes.len(), (flags.2 as usize).max(1));
            let frame = layout.collated();
            prop_assert!(frame.first_line + frame.lines <= DETECTOR_LINES && frame.start >= 1);
            for stripe in &layout.stripes {
                let mut covered = vec![0; lines];
                for read in stripe.science.iter().chain(&stripe.reference) {
                    prop_assert_eq!(read.detector.len(), read.image.len());
                    prop_assert!(read.detector.end <= DETECTOR_LINES);
                    covered[read.image.clone()].iter_mut().for_each(|n| *n += 1);
                }
                prop_assert!(covered.iter().all(|&n| n == 1));
                prop_assert!(layout.full_frame_lines(stripe).iter().all(|&line| line < DETECTOR_LINES));
            }
        }
    }
}
