use proptest::prelude::*;

use super::{CELLS, Corners, LANES, Quadrilateral, Room, Square};
use crate::PixelMap;
use crate::kernel::{Receiver, Run, Shares, Window, each_share};

/// Notes what is handed over.
#[derive(Debug, Default)]
struct Notes {
    weight: f32,
    shares: Vec<(i64, i64, f32)>,
}

impl Receiver for Notes {
    fn window(&self) -> Window {
        Window {
            rows: (0, 30),
            last: (30, 30),
        }
    }

    fn load(&mut self, _first: (usize, usize), _count: usize) {}

    fn weight(&self, _lane: usize) -> f32 {
        self.weight
    }

    fn begin(&mut self, _lane: usize) {}

    fn add(&mut self, _lane: usize, column: i64, row: i64, share: f32) {
        self.shares.push((column, row, share));
    }

    fn add_cells(&mut self, lane: usize, (column, row): (i64, i64), bits: u64, shares: &Shares) {
        for cell in (0..CELLS * CELLS).filter(|cell| bits & 1 << cell != 0) {
            let at = (column + (cell % CELLS) as i64, row + (cell / CELLS) as i64);
            self.shares.push((at.0, at.1, shares[cell][lane]));
        }
    }

    fn add_run(&mut self, _simd: impl pulp::Simd, run: &Run, shares: &Shares) {
        for (lane, column) in run.lanes.clone().zip(run.first.0..) {
            self.add_cells(lane, (column, run.first.1), run.cells, shares);
        }
    }
}

/// The kernel at work, with the vector instructions of this machine.
struct Together<'a> {
    square: &'a Square<'a>,
    room: &'a mut Room,
    notes: &'a mut Notes,
}

impl pulp::WithSimd for Together<'_> {
    type Output = ();

    fn with_simd<S: pulp::Simd>(self, simd: S) {
        (self.square).spread_lanes(simd, self.room, (0, 0), LANES, self.notes);
    }
}

proptest! {
    /// All cells at once give what each cell gives, whatever was worked out in the same room before.
    #[test]
    fn cells_together_are_cells_one_by_one(
        angle in 0.0..6.3_f64, side in 0.05..3.5_f64, x in 5.0..8.0_f64, y in 5.0..8.0_f64,
        skew in -0.2..0.2_f64, aligned in any::<bool>(), weight in 0.5..3.0_f32, lane in 0..LANES,
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
        let notes = || Notes { weight, shares: Vec::new() };
        let (mut together, mut single) = (notes(), notes());
        let mut room = Room::default();
        for (k, (x, y)) in [(4.1, 7.6), (7.6, 7.6), (7.6, 4.1), (4.1, 4.1)].into_iter().enumerate() {
            (room.corners.x[k], room.corners.y[k]) = ([x; LANES], [y; LANES]);
        }
        let work = Together { square: &square, room: &mut room, notes: &mut notes() };
        pulp::Arch::new().dispatch(work);
        let mut corners = Corners { x: [[f64::NAN; LANES]; 4], y: [[f64::NAN; LANES]; 4] };
        for k in 0..4 {
            corners.x[k][lane] = spot.x[k];
            corners.y[k][lane] = spot.y[k];
        }
        room.corners = corners;
        let work = Together { square: &square, room: &mut room, notes: &mut together };
        pulp::Arch::new().dispatch(work);
        each_share(&square, &spot, 0, &mut single);
        prop_assert_eq!(together.shares.len(), single.shares.len());
        for ((c, r, found), (column, row, expected)) in together.shares.into_iter().zip(single.shares) {
            prop_assert_eq!((c, r), (column, row));
            prop_assert!((found - expected).abs() <= 2e-7 * expected.abs(), "{} {}", found, expected);
        }
    }
}
