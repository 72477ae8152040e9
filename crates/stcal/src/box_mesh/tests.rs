use proptest::prelude::*;

use super::nearest::NearestBoxes;

/// Uniform numbers of a linear congruence, which the reference's side of a test can make, too.
struct Uniform(u32);

impl Uniform {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1 << 24)
    }
}

#[test]
fn neighbours_are_those_of_the_reference() {
    let mut random = Uniform(9);
    let grid = || (0..14).flat_map(|y| (0..17).map(move |x| (y, x)));
    let places: Vec<(usize, usize)> = grid().filter(|_| random.next() < 0.6).collect();
    assert_eq!(places.len(), 151);
    let nearest = NearestBoxes::new(&places);
    let mut sum = 0;
    for place in grid().filter(|place| !places.contains(place)) {
        let mut found: Vec<usize> = nearest
            .of(place)
            .into_iter()
            .map(|(index, _)| index)
            .collect();
        found.sort_unstable();
        sum += found
            .iter()
            .enumerate()
            .map(|(k, index)| (k + 1) * index)
            .sum::<usize>();
    }
    assert_eq!(sum, 374_179);
    let at: Vec<_> = nearest
        .of((5, 5))
        .into_iter()
        .map(|(index, _)| places[index])
        .collect();
    let expected = [
        (5, 5),
        (6, 5),
        (4, 5),
        (5, 6),
        (6, 6),
        (4, 4),
        (3, 5),
        (7, 5),
        (5, 7),
        (4, 3),
    ];
    assert_eq!(at, expected);
}

/// From scipy 1.17.1 `cKDTree(points, leafsize=10)`, as photutils makes it, of a grid of 5 x 5, queried for 10
/// neighbours.
#[test]
fn neighbours_are_in_the_order_of_the_search_tree() {
    let points: Vec<(usize, usize)> = (0..25).map(|index| (index / 5, index % 5)).collect();
    let nearest = NearestBoxes::new(&points);
    for (at, expected) in [
        ((0, 5), [4, 9, 3, 14, 8, 13, 2, 7, 19, 18]),
        ((5, 5), [24, 19, 23, 18, 22, 14, 17, 13, 21, 9]),
        ((3, 5), [19, 14, 24, 18, 23, 9, 13, 8, 17, 22]),
        ((5, 2), [22, 23, 21, 17, 16, 18, 20, 24, 19, 15]),
    ] {
        let found: Vec<usize> = nearest.of(at).iter().map(|(index, _)| *index).collect();
        assert_eq!(found, expected, "nearest to {at:?}");
    }
}

proptest! {
    #[test]
    fn nearest_places_are_nearest(seed in any::<u32>(), y in 0_usize..12, x in 0_usize..12) {
        let mut random = Uniform(seed);
        let places: Vec<_> = (0..144).map(|k| (k / 12, k % 12)).filter(|_| random.next() < 0.5).collect();
        prop_assume!(!places.is_empty());
        let distance = |(row, column): (usize, usize)| {
            (row as f64 - y as f64).hypot(column as f64 - x as f64)
        };
        let mut all: Vec<f64> = places.iter().map(|&place| distance(place)).collect();
        all.sort_by(f64::total_cmp);
        all.truncate(10);
        let found: Vec<f64> = NearestBoxes::new(&places).of((y, x)).into_iter().map(|(_, d)| d).collect();
        prop_assert_eq!(found.len(), all.len());
        prop_assert!(found.iter().zip(&all).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}
