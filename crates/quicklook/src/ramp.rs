//! The ramp of one pixel: its groups over time, what is known of each, and the slope that was fitted.

use std::path::Path;

use datamodels::dq;
use datamodels::io::fits::{Element, FitsReader, HduInfo};

use crate::error::{QuicklookError, Result};
use crate::figure::{Entry, Heading, Symbol, draw_legend, em_for, symbol, upwards};
use crate::options::{CountFrom, PixelPosition, PreviewOptions};
use crate::product::{Product, file_name};
use crate::scene::ticks::{label, round_values, short};
use crate::scene::{Anchor, Ink, Point, Rect, Scene, Shape};

const USED: Ink = Ink::Fixed([0x2f, 0x8f, 0xe8]);
const JUMP: Ink = Ink::Fixed([0xe8, 0x5d, 0x1f]);
const SATURATED: Ink = Ink::Fixed([0xd6, 0x2f, 0x5c]);
const FITTED: Ink = Ink::Fixed([0x12, 0x9e, 0x76]);

/// What is known of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Used,
    /// The signal jumped between the group before and this one.
    Jump,
    Saturated,
    NotUsed,
}

impl State {
    fn of(bits: u8) -> Self {
        if bits & dq::group::SATURATED != 0 {
            Self::Saturated
        } else if bits & dq::group::DO_NOT_USE != 0 {
            Self::NotUsed
        } else if bits & dq::group::JUMP_DET != 0 {
            Self::Jump
        } else {
            Self::Used
        }
    }

    fn symbol(self) -> Symbol {
        match self {
            Self::Used => Symbol::Dot(USED),
            Self::Jump => Symbol::Triangle(JUMP),
            Self::Saturated => Symbol::Cross(SATURATED),
            Self::NotUsed => Symbol::HollowDot(Ink::Muted),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Jump => "after a jump",
            Self::Saturated => "saturated",
            Self::NotUsed => "not used",
        }
    }
}

/// The groups of one integration of a pixel.
#[derive(Debug, Clone)]
struct Ramp {
    /// Time since the first group, or the group's number counted from 1.
    times: Vec<f64>,
    values: Vec<f64>,
    states: Vec<State>,
    /// Time between groups [s], where the file says it.
    group_time_s: Option<f64>,
    rate: Option<Rate>,
}

/// A fitted count rate [unit of the ramp per second].
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rate {
    value: f64,
    error: Option<f64>,
}

/// A pixel, counted from 0.
#[derive(Debug, Clone, Copy)]
struct Place {
    x: usize,
    y: usize,
}

/// Draws the ramp of a pixel of a product.
///
/// # Errors
/// The product is no ramp, or has no such pixel or integration; the count rates do not fit it.
pub(crate) fn of_pixel(
    product: &Product,
    pixel: PixelPosition,
    options: &PreviewOptions,
) -> Result<Scene> {
    let hdu = product.image_hdu(options.hdu.as_deref().unwrap_or("SCI"))?;
    let &[integrations, _, rows, columns] = hdu.shape() else {
        let expected = "ramps (integration, group, row, column), as --pixel needs them";
        return Err(product.reader.shape_error(hdu, expected).into());
    };
    let place = place_of(product, hdu, pixel, options.count_from, (rows, columns))?;
    let integration = product.counted(hdu, "integration", options.integration, integrations)?;
    let mut ramp = read(product, hdu, place, integration)?;
    if let Some(path) = &options.rate {
        ramp.rate = rate(path, place, integration, (rows, columns))?;
    }
    let mut shown = vec![format!(
        "pixel ({}, {}), counted from {}",
        pixel.x,
        pixel.y,
        options.count_from.first()
    )];
    if integrations > 1 {
        shown.push(format!("integration {} of {integrations}", integration + 1));
    }
    shown.push(format!("{} groups", ramp.values.len()));
    let quality = pixel_bits(&product.reader, place)?;
    if !quality.is_empty() {
        shown.push(format!("quality: {}", quality.join(", ")));
    }
    let plot = Plot {
        heading: Heading {
            name: product.name(),
            facts: product.facts(),
            shown,
        },
        unit: product.unit(hdu),
        rate_file: options.rate.as_deref().map(file_name),
        size: options.size.pixels(),
        ramp,
    };
    Ok(plot.scene())
}

fn place_of(
    product: &Product,
    hdu: &HduInfo,
    pixel: PixelPosition,
    count_from: CountFrom,
    (rows, columns): (usize, usize),
) -> Result<Place> {
    let first = count_from.first();
    let index = |number: usize, count: usize| number.checked_sub(first).filter(|n| *n < count);
    match (index(pixel.x, columns), index(pixel.y, rows)) {
        (Some(x), Some(y)) => Ok(Place { x, y }),
        _ => Err(product.unsuitable(
            hdu,
            format!(
                "no pixel ({}, {}); columns are {first} to {}, rows {first} to {}",
                pixel.x,
                pixel.y,
                columns - 1 + first,
                rows - 1 + first
            ),
        )),
    }
}

/// The values of a pixel in every plane of an image.
fn column<T: Element>(reader: &FitsReader, hdu: &HduInfo, place: Place) -> Result<Vec<T>> {
    let window = reader.image_window(hdu, place.y..place.y + 1, place.x..place.x + 1)?;
    Ok(window.iter().copied().collect())
}

fn read(product: &Product, hdu: &HduInfo, place: Place, integration: usize) -> Result<Ramp> {
    let reader = &product.reader;
    let groups = hdu.shape()[1];
    let of_integration = integration * groups..(integration + 1) * groups;
    let values = column::<f32>(reader, hdu, place)?;
    let states = match reader.find("GROUPDQ", 1) {
        Some(quality) if quality.shape() == hdu.shape() => {
            let bits = column::<u8>(reader, quality, place)?;
            bits[of_integration.clone()]
                .iter()
                .map(|b| State::of(*b))
                .collect()
        }
        _ => vec![State::Used; groups],
    };
    let group_time_s = product.meta.exposure().group_time_s().ok();
    let time = |group: usize| match group_time_s {
        Some(time) => group as f64 * time,
        None => (group + 1) as f64,
    };
    Ok(Ramp {
        times: (0..groups).map(time).collect(),
        values: values[of_integration]
            .iter()
            .map(|v| f64::from(*v))
            .collect(),
        states,
        group_time_s,
        rate: None,
    })
}

/// The pixel's rate in a product of count rates, of the integration where it has several; none where it was not fitted.
fn rate(
    path: &Path,
    place: Place,
    integration: usize,
    (rows, columns): (usize, usize),
) -> Result<Option<Rate>> {
    let product = Product::open(path)?;
    let hdu = product.image_hdu("SCI")?;
    let fits = hdu.shape().len() < 4 && hdu.shape().ends_with(&[rows, columns]);
    if !fits {
        let expected =
            format!("count rates with {rows} rows of {columns} columns, as the ramps have");
        return Err(product.reader.shape_error(hdu, &expected).into());
    }
    let at = |values: &[f32]| {
        let index = if values.len() > 1 { integration } else { 0 };
        values.get(index).map(|value| f64::from(*value))
    };
    let Some(value) = at(&column(&product.reader, hdu, place)?) else {
        let message = format!("no integration {}", integration + 1);
        return Err(product.unsuitable(hdu, message));
    };
    let error = match product.reader.find("ERR", 1) {
        Some(err) if err.shape() == hdu.shape() => at(&column(&product.reader, err, place)?),
        _ => None,
    };
    let error = error.filter(|error| error.is_finite());
    Ok(value.is_finite().then_some(Rate { value, error }))
}

/// Names of the pixel's quality bits.
fn pixel_bits(reader: &FitsReader, place: Place) -> Result<Vec<&'static str>, QuicklookError> {
    let Some(hdu) = reader
        .find("PIXELDQ", 1)
        .filter(|hdu| hdu.shape().len() == 2)
    else {
        return Ok(Vec::new());
    };
    let bits = column::<u32>(reader, hdu, place)?[0];
    let names = dq::PIXEL_NAMES.iter().enumerate();
    let names = names.filter(|(bit, _)| bits & (1 << bit) != 0);
    Ok(names.map(|(_, name)| *name).collect())
}

impl Ramp {
    /// Lines with the fitted slope through each run of groups without a jump.
    fn fitted(&self) -> Vec<[(f64, f64); 2]> {
        let (Some(rate), Some(_)) = (self.rate, self.group_time_s) else {
            return Vec::new();
        };
        let mut runs: Vec<Vec<usize>> = vec![Vec::new()];
        for (group, state) in self.states.iter().enumerate() {
            if *state == State::Jump {
                runs.push(Vec::new());
            }
            let used = matches!(state, State::Used | State::Jump) && self.values[group].is_finite();
            if let Some(run) = runs.last_mut().filter(|_| used) {
                run.push(group);
            }
        }
        let line = |run: &Vec<usize>| {
            let n = run.len() as f64;
            let mean = |of: &[f64]| run.iter().map(|group| of[*group]).sum::<f64>() / n;
            let (time, value) = (mean(&self.times), mean(&self.values));
            let at = |group: usize| {
                let t = self.times[group];
                (t, value + rate.value * (t - time))
            };
            [at(run[0]), at(run[run.len() - 1])]
        };
        runs.iter().filter(|run| run.len() > 1).map(line).collect()
    }
}

struct Plot {
    heading: Heading,
    unit: String,
    rate_file: Option<String>,
    size: usize,
    ramp: Ramp,
}

/// Where values and times are in the picture.
struct Axes {
    frame: Rect,
    times: (f64, f64),
    values: (f64, f64),
}

impl Axes {
    fn place(&self, time: f64, value: f64) -> Point {
        let across = (time - self.times.0) / (self.times.1 - self.times.0);
        let up = (value - self.values.0) / (self.values.1 - self.values.0);
        (
            self.frame.x + across as f32 * self.frame.width,
            self.frame.bottom() - up as f32 * self.frame.height,
        )
    }
}

/// Ends with some room around them; around 0 if there are none.
fn roomy(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if low > high {
        return (-1.0, 1.0);
    }
    let room = (high - low) * 0.06;
    let room = if room > 0.0 {
        room
    } else {
        (low.abs() * 0.1).max(1.0)
    };
    (low - room, high + room)
}

impl Plot {
    fn scene(&self) -> Scene {
        let em = em_for(self.size);
        let width = self.size as f32;
        let content = width - 2.0 * em;
        let top = self.heading.height(content, em);
        let left = em * 6.6;
        let frame = Rect {
            x: left,
            y: top,
            width: (width - left - em * 1.5).max(em * 8.0),
            height: (width * 0.5).max(em * 8.0),
        };
        let legend = self.legend();
        // Lines of the legend that are needed at most.
        let room = em * (4.2 + 1.5 * legend.len() as f32);
        let mut scene = Scene::new(
            width.max(em * 24.0),
            frame.bottom() + room,
            self.description(),
        );
        self.heading.draw(&mut scene, em, content, em);
        let lines = self.ramp.fitted();
        let ends = lines.iter().flatten().map(|(_, value)| *value);
        let axes = Axes {
            frame,
            times: roomy(self.ramp.times.iter().copied()),
            values: roomy(self.ramp.values.iter().copied().chain(ends)),
        };
        self.draw_axes(&mut scene, &axes, em);
        for [from, to] in lines {
            let ends = [axes.place(from.0, from.1), axes.place(to.0, to.1)];
            scene.line(ends, (FITTED, em * 0.2));
        }
        self.draw_groups(&mut scene, &axes, em);
        if self.ramp.values.iter().all(|value| !value.is_finite()) {
            let at = (frame.x + frame.width / 2.0, frame.y + frame.height / 2.0);
            scene.text(at, "no group has a value", em, Anchor::Middle, Ink::Muted);
        }
        let place = (left, frame.bottom() + em * 3.4);
        let height = draw_legend(&mut scene, &legend, place, frame.width, em);
        scene.height = (place.1 + height + em * 0.8).ceil();
        scene
    }

    fn draw_axes(&self, scene: &mut Scene, axes: &Axes, em: f32) {
        let (frame, size) = (axes.frame, em * 0.88);
        let most = |length: f32, room: f32| ((length / room) as usize).clamp(2, 10);
        let least = if self.ramp.group_time_s.is_some() {
            0.0
        } else {
            1.0
        };
        let times = round_values(
            axes.times.0,
            axes.times.1,
            most(frame.width, em * 5.0),
            least,
        );
        let values = round_values(
            axes.values.0,
            axes.values.1,
            most(frame.height, em * 3.2),
            0.0,
        );
        let step = |ticks: &[f64]| ticks.get(1).map_or(1.0, |second| second - ticks[0]);
        for time in &times {
            let (x, bottom) = axes.place(*time, axes.values.0);
            scene.line([(x, frame.y), (x, bottom)], (Ink::Grid, 1.0));
            let words = label(*time, step(&times));
            scene.text(
                (x, bottom + em * 1.3),
                words,
                size,
                Anchor::Middle,
                Ink::Muted,
            );
        }
        for value in &values {
            let (x, y) = axes.place(axes.times.0, *value);
            scene.line([(x, y), (frame.right(), y)], (Ink::Grid, 1.0));
            let words = label(*value, step(&values));
            scene.text(
                (x - em * 0.5, y + size * 0.35),
                words,
                size,
                Anchor::End,
                Ink::Muted,
            );
        }
        scene.outline(frame, (Ink::Line, 1.0));
        let words = if self.ramp.group_time_s.is_some() {
            "time since the first group (s)"
        } else {
            "group, counted from 1"
        };
        let at = (frame.x + frame.width / 2.0, frame.bottom() + em * 2.7);
        scene.text(at, words, size, Anchor::Middle, Ink::Text);
        let words = if self.unit.is_empty() {
            "signal".to_owned()
        } else {
            format!("signal ({})", self.unit)
        };
        upwards(scene, (em * 1.5, frame.y + frame.height / 2.0), words, size);
    }

    fn draw_groups(&self, scene: &mut Scene, axes: &Axes, em: f32) {
        let ramp = &self.ramp;
        let points = ramp.times.iter().zip(&ramp.values).zip(&ramp.states);
        let points: Vec<(Point, State)> = points
            .filter(|((_, value), _)| value.is_finite())
            .map(|((time, value), state)| (axes.place(*time, *value), *state))
            .collect();
        scene.shapes.push(Shape::Line {
            points: points.iter().map(|(point, _)| *point).collect(),
            stroke: (Ink::Line, 1.0),
            dashed: true,
        });
        // Many groups get smaller marks.
        let radius =
            (axes.frame.width / points.len().max(1) as f32 * 0.3).clamp(em * 0.16, em * 0.42);
        for (point, state) in points {
            symbol(scene, state.symbol(), point, radius);
        }
    }

    fn count(&self, state: State) -> usize {
        self.ramp.states.iter().filter(|s| **s == state).count()
    }

    fn legend(&self) -> Vec<Entry> {
        let all = [State::Used, State::Jump, State::Saturated, State::NotUsed];
        let states = all.into_iter().filter(|state| self.count(*state) > 0);
        let mut legend: Vec<Entry> = states
            .map(|state| Entry {
                symbol: state.symbol(),
                words: format!("{}: {}", state.words(), self.count(state)),
            })
            .collect();
        if let Some(file) = &self.rate_file {
            let symbol = if self.ramp.rate.is_some() {
                Symbol::Dash(FITTED)
            } else {
                Symbol::None
            };
            legend.push(Entry {
                symbol,
                words: format!("{} ({file})", self.slope()),
            });
        }
        legend
    }

    fn slope(&self) -> String {
        let unit = format!("{}/s", self.unit);
        match self.ramp.rate {
            None => "no slope was fitted".to_owned(),
            Some(Rate { value, error: None }) => format!("fitted slope {} {unit}", short(value, 4)),
            Some(Rate {
                value,
                error: Some(error),
            }) => format!(
                "fitted slope {} ± {} {unit}",
                short(value, 4),
                short(error, 2)
            ),
        }
    }

    fn description(&self) -> String {
        let mut words = format!(
            "{}: {}. {} of {} groups are after a jump, {} saturated, {} not used.",
            self.heading.name,
            self.heading.shown.join(", "),
            self.count(State::Jump),
            self.ramp.values.len(),
            self.count(State::Saturated),
            self.count(State::NotUsed),
        );
        if self.rate_file.is_some() {
            words = format!("{words} {}.", self.slope());
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(states: &[State], values: &[f64]) -> Ramp {
        Ramp {
            times: (0..values.len()).map(|group| group as f64 * 2.0).collect(),
            values: values.to_vec(),
            states: states.to_vec(),
            group_time_s: Some(2.0),
            rate: Some(Rate {
                value: 5.0,
                error: None,
            }),
        }
    }

    #[test]
    fn the_slope_starts_anew_after_a_jump() {
        use State::{Jump, Saturated, Used};
        let states = [Used, Used, Jump, Used, Saturated];
        let lines = ramp(&states, &[0.0, 10.0, 100.0, 112.0, 120.0]).fitted();
        assert_eq!(
            lines,
            [[(0.0, 0.0), (2.0, 10.0)], [(4.0, 101.0), (6.0, 111.0)]]
        );
        let alone = ramp(&[Used, Jump, Jump], &[0.0, 50.0, 90.0]);
        assert!(alone.fitted().is_empty());
    }

    #[test]
    fn saturation_counts_more_than_a_jump() {
        assert_eq!(State::of(0), State::Used);
        assert_eq!(State::of(4), State::Jump);
        assert_eq!(State::of(4 | 2), State::Saturated);
        assert_eq!(State::of(4 | 1), State::NotUsed);
        assert_eq!(State::of(16), State::Used);
    }

    #[test]
    fn axes_have_room_around_anything() {
        assert_eq!(roomy([f64::NAN].into_iter()), (-1.0, 1.0));
        assert_eq!(roomy([5.0, 5.0].into_iter()), (4.0, 6.0));
        assert_eq!(roomy([0.0, 100.0].into_iter()), (-6.0, 106.0));
    }
}
