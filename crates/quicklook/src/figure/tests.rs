//! Where the parts of a figure are drawn.

use super::*;
use crate::colour::ColourMap;
use crate::limits::Limits;
use crate::{Palette, Stretch};

fn figure(rows: usize, columns: usize, size: usize) -> Figure {
    let blocks = Blocks::fitting(rows, columns, size);
    let (height, width) = blocks.dim();
    Figure {
        heading: Heading {
            name: "x_rate.fits".into(),
            facts: vec!["NIRCAM NRCB1".into()],
            shown: vec![],
        },
        bitmap: Rc::new(Bitmap {
            width,
            height,
            pixels: vec![[0; 3]; width * height],
        }),
        blocks,
        bar: None,
        legend: Vec::new(),
        sources: Vec::new(),
        compass: None,
        count_from: CountFrom::Zero,
        size,
        description: String::new(),
        statistics: None,
    }
}

#[test]
fn pixels_lie_where_their_blocks_are_drawn() {
    // 64 pixels as 64 blocks of 8 x 8.
    let small = figure(64, 64, 512);
    let layout = small.layout();
    let (x, y) = small.place(&layout, 0.0, 0.0);
    assert_eq!((x, y), (layout.panel.x + 4.0, layout.panel.bottom() - 4.0));
    // 2048 pixels as 512 blocks of 1 x 1: pixel 1000 is in block 250.
    let large = figure(2048, 2048, 512);
    let layout = large.layout();
    let (x, y) = large.place(&layout, 1000.0, 2047.0);
    assert!((x - (layout.panel.x + 250.125)).abs() < 1e-3);
    assert!((y - (layout.panel.y + 0.125)).abs() < 1e-3);
}

#[test]
fn sources_outside_are_not_drawn() {
    let mut figure = figure(64, 64, 512);
    let source = |x, y| Source {
        x,
        y,
        sigma: None,
        label: None,
    };
    figure.sources = vec![source(10.0, 20.0), source(-3.0, 2.0), source(f64::NAN, 1.0)];
    let scene = figure.scene();
    let centres: Vec<Point> = scene
        .shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Circle { centre, .. } => Some(*centre),
            _ => None,
        })
        .collect();
    let expected = figure.place(&figure.layout(), 10.0, 20.0);
    assert_eq!(centres, [expected, expected]);
}

#[test]
fn circles_end_at_the_edge_of_the_image() {
    let mut figure = figure(64, 64, 512);
    figure.sources = vec![Source {
        x: 0.0,
        y: 63.0,
        sigma: Some(2.0),
        label: None,
    }];
    let scene = figure.scene();
    let panel = figure.layout().panel;
    let arcs: Vec<&Vec<Point>> = scene
        .shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Line { points, .. } if points.len() > 2 => Some(points),
            _ => None,
        })
        .collect();
    assert!(!arcs.is_empty());
    for (x, y) in arcs.into_iter().flatten() {
        assert!((panel.x..=panel.right()).contains(x) && (panel.y..=panel.bottom()).contains(y));
    }
}

#[test]
fn axes_say_from_where_they_count() {
    for (count_from, first, label) in [
        (CountFrom::Zero, "0", "column (pixel, from 0)"),
        (CountFrom::One, "10", "column (pixel, from 1)"),
    ] {
        let mut figure = figure(64, 64, 512);
        figure.count_from = count_from;
        let scene = figure.scene();
        let words: Vec<&str> = scene
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Text(text) => Some(text.words.as_str()),
                _ => None,
            })
            .collect();
        assert!(
            words.contains(&first) && words.contains(&label),
            "{words:?}"
        );
    }
}

#[test]
fn strips_and_single_pixels_have_a_layout() {
    for (rows, columns) in [(1, 1), (8, 8), (4, 2048), (2048, 1), (0, 0)] {
        let scene = figure(rows, columns, 1024).scene();
        assert!(
            scene.width >= 300.0 && scene.width < 1400.0,
            "{}",
            scene.width
        );
        assert!(
            scene.height >= 200.0 && scene.height < 1400.0,
            "{}",
            scene.height
        );
    }
}

#[test]
fn ticks_of_the_bar_are_round_apart_and_inside() {
    for stretch in [Stretch::Linear, Stretch::Asinh, Stretch::Sqrt, Stretch::Log] {
        for (low, high) in [(-1.3, 517.0), (0.001, 0.0017), (-5e6, -4e6)] {
            let Limits::Fixed(range) = Limits::between(low, high).unwrap() else {
                unreachable!("given values");
            };
            let bar = ColourBar {
                range,
                stretch,
                colours: ColourMap::of(Palette::Grey),
                unit: String::new(),
            };
            let ticks = bar.ticks(6);
            assert!(ticks.len() >= 3, "{stretch:?} {low} {high}: {ticks:?}");
            let places = ticks
                .iter()
                .map(|(value, _)| stretch.apply(range.fraction(*value)));
            let places: Vec<f64> = places.collect();
            assert!(places.windows(2).all(|pair| pair[1] - pair[0] > 0.08));
            assert!(ticks.iter().all(|(value, _)| (low..=high).contains(value)));
        }
    }
}
