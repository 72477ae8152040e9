//! Tests of the flags for charge migration.

use ndarray::Array3;
use proptest::prelude::*;

use super::flag_charge_migration;
use crate::flags::GroupFlags;

fn flagged(ramp: &Array3<f32>, dq: &Array3<u8>, threshold: f64) -> Array3<u8> {
    let mut dq = dq.clone();
    flag_charge_migration(
        ramp.view(),
        dq.view_mut(),
        threshold,
        &GroupFlags::default(),
    )
    .unwrap();
    dq
}

#[test]
fn only_a_sample_that_is_flagged_do_not_use_and_nothing_else_is_exempt() {
    let ramp = Array3::from_elem((1, 1, 5), 9.0_f32);
    let ramp = ramp * ndarray::arr1(&[1.0, 0.0, 0.0, 0.0, 1.0]);
    let mut dq = Array3::zeros((1, 1, 5));
    dq[[0, 0, 0]] = 1;
    dq[[0, 0, 4]] = 3;
    let after = flagged(&ramp, &dq, 5.0);
    assert_eq!(after.as_slice().unwrap(), [1, 0, 0, 129, 131]);
}

#[test]
fn the_threshold_itself_is_not_bright() {
    let ramp = Array3::from_elem((1, 1, 1), 25_000.0_f32);
    let after = flagged(&ramp, &Array3::zeros((1, 1, 1)), 25_000.0);
    assert_eq!(after[[0, 0, 0]], 0);
}

proptest! {
    /// The definition, sample by sample.
    #[test]
    fn agrees_with_the_definition(
        values in proptest::collection::vec(
            prop_oneof![8 => 0.0_f32..8.0, 1 => 8.0_f32..20.0, 1 => Just(f32::NAN)], 3 * 4 * 5),
        bits in proptest::collection::vec(prop_oneof![4 => Just(0_u8), 1 => any::<u8>()], 3 * 4 * 5),
    ) {
        let ramp = Array3::from_shape_vec((3, 4, 5), values).unwrap();
        let dq = Array3::from_shape_vec((3, 4, 5), bits).unwrap();
        let mut expected = dq.clone();
        for ((g, y, x), &signal) in ramp.indexed_iter() {
            if signal > 8.0 && dq[[g, y, x]] != 1 {
                for ((h, v, u), out) in expected.indexed_iter_mut() {
                    if h >= g && y.abs_diff(v) + x.abs_diff(u) <= 1 {
                        *out |= 0x81;
                    }
                }
            }
        }
        prop_assert_eq!(flagged(&ramp, &dq, 8.0), expected);
    }
}
