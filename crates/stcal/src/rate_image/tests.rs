//! Tests of the agreement of a pixel's arrays.

use ndarray::{Array2, array};
use proptest::prelude::*;

use super::RateImageMut;

const DO_NOT_USE: u32 = 1;

/// The arrays of an image: data, errors, photon noise, read noise, variance of the flat; and quality.
struct Arrays([Array2<f32>; 5], Array2<u32>);

impl Arrays {
    fn image(&mut self) -> RateImageMut<'_> {
        let [data, err, photons, reads, flat] = &mut self.0;
        RateImageMut {
            data: data.view_mut(),
            err: err.view_mut(),
            dq: self.1.view_mut(),
            var_poisson: photons.view_mut(),
            var_rnoise: reads.view_mut(),
            var_flat: Some(flat.view_mut()),
        }
    }
}

#[test]
fn other_shapes_are_refused() {
    let mut arrays = Arrays(std::array::from_fn(|_| Array2::zeros((2, 3))), array![[0]]);
    let error = arrays.image().unify_invalid(DO_NOT_USE).unwrap_err();
    assert_eq!(error.what, "quality");
}

proptest! {
    #[test]
    fn what_is_invalid_once_is_invalid_everywhere(known in prop::array::uniform5(any::<bool>()), dq in 0_u32..4) {
        let value = |known: bool| if known { 1.0 } else { f32::NAN };
        let mut arrays = Arrays(known.map(|known| array![[value(known)]]), array![[dq]]);
        arrays.image().unify_invalid(DO_NOT_USE).unwrap();
        let valid = known.iter().all(|known| *known) && dq & DO_NOT_USE == 0;
        prop_assert!(arrays.0.iter().all(|array| array[[0, 0]].is_nan() != valid));
        prop_assert_eq!(arrays.1[[0, 0]], if valid { dq } else { dq | DO_NOT_USE });
    }
}
