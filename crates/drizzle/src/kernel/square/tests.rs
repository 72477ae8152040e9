use proptest::prelude::*;

use super::{Quadrilateral, Square};
use crate::PixelMap;
use crate::kernel::{Shape, each_share};

proptest! {
    /// All cells at once give what each cell gives.
    #[test]
    fn cells_together_are_cells_one_by_one(
        angle in 0.0..6.3_f64, side in 0.05..2.0_f64, x in 5.0..8.0_f64, y in 5.0..8.0_f64,
        skew in -0.2..0.2_f64, aligned in any::<bool>(), weight in 0.5..3.0_f32,
    ) {
        let angle = if aligned { 0.0 } else { angle };
        let (sin, cos) = angle.sin_cos();
        let corner = |a: f64, b: f64| {
            let (a, b) = (0.5 * side * a * (1.0 + skew * b), 0.5 * side * b);
            (x + cos * a - sin * b, y + sin * a + cos * b)
        };
        let corners = [corner(-1.0, 1.0), corner(1.0, 1.0), corner(1.0, -1.0), corner(-1.0, -1.0)];
        let spot = Quadrilateral { x: corners.map(|c| c.0), y: corners.map(|c| c.1) };
        let plane = ndarray::Array2::zeros((3, 3));
        let square = Square::new(PixelMap::new(plane.view(), plane.view()).unwrap(), 1.0);
        let whole = square.whole(&spot, weight);
        let (columns, rows) = (square.columns(&spot), square.rows(&spot));
        let (mut together, mut single) = (Vec::new(), Vec::new());
        square.shares(&spot, whole, columns, rows, |c, r, share| together.push((c, r, share)));
        each_share(&square, &spot, whole, columns, rows, |c, r, share| single.push((c, r, share)));
        prop_assert_eq!(together.len(), single.len());
        for ((c, r, found), (column, row, expected)) in together.into_iter().zip(single) {
            prop_assert_eq!((c, r), (column, row));
            prop_assert!((found - expected).abs() <= 2e-7 * expected.abs(), "{} {}", found, expected);
        }
    }
}
