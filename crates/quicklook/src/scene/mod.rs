//! A drawing as a list of shapes, before it becomes pixels or SVG.
//!
//! Coordinates are pixels of the picture, from its top left corner to the right and down.

mod font;
pub(crate) mod raster;
pub(crate) mod svg;
pub(crate) mod ticks;

use std::rc::Rc;

use crate::colour::{Rgb, Theme};

pub(crate) use font::{cut_to, text_width, wrapped};

/// `(x, y)`.
pub(crate) type Point = (f32, f32);

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

impl Rect {
    pub(crate) fn right(self) -> f32 {
        self.x + self.width
    }

    pub(crate) fn bottom(self) -> f32 {
        self.y + self.height
    }
}

/// A colour by its purpose, so that it fits any theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Text,
    Muted,
    Line,
    Grid,
    Paper,
    /// The same in every theme.
    Fixed(Rgb),
}

impl Ink {
    pub(crate) fn rgb(self, theme: Theme) -> Rgb {
        match self {
            Self::Text => theme.text(),
            Self::Muted => theme.muted(),
            Self::Line => theme.line(),
            Self::Grid => theme.grid(),
            Self::Paper => theme.paper(),
            Self::Fixed(colour) => colour,
        }
    }
}

/// Where a text lies with respect to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of text; its point is on the base line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub(crate) at: Point,
    pub(crate) words: String,
    /// Height of an em.
    pub(crate) size: f32,
    pub(crate) anchor: Anchor,
    pub(crate) ink: Ink,
    pub(crate) bold: bool,
    /// Whether it runs upwards.
    pub(crate) upwards: bool,
}

/// Colours row by row from the top.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bitmap {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<Rgb>,
}

/// Colour and width of a line.
pub(crate) type Stroke = (Ink, f32);

/// A part of a drawing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Bitmap {
        frame: Rect,
        bitmap: Rc<Bitmap>,
    },
    Box {
        frame: Rect,
        fill: Option<Ink>,
        stroke: Option<Stroke>,
    },
    Line {
        points: Vec<Point>,
        stroke: Stroke,
        dashed: bool,
    },
    Polygon {
        points: Vec<Point>,
        fill: Ink,
    },
    Circle {
        centre: Point,
        radius: f32,
        fill: Option<Ink>,
        stroke: Option<Stroke>,
    },
    Text(Text),
}

/// A drawing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scene {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) shapes: Vec<Shape>,
    /// What can be seen, for those who cannot see it.
    pub(crate) description: String,
}

impl Scene {
    pub(crate) fn new(width: f32, height: f32, description: String) -> Self {
        Self {
            width: width.ceil(),
            height: height.ceil(),
            shapes: Vec::new(),
            description,
        }
    }

    pub(crate) fn line(&mut self, points: impl Into<Vec<Point>>, stroke: Stroke) {
        self.shapes.push(Shape::Line {
            points: points.into(),
            stroke,
            dashed: false,
        });
    }

    pub(crate) fn outline(&mut self, frame: Rect, stroke: Stroke) {
        self.shapes.push(Shape::Box {
            frame,
            fill: None,
            stroke: Some(stroke),
        });
    }

    /// Adds a text of usual weight that runs to the right.
    pub(crate) fn text(
        &mut self,
        at: Point,
        words: impl Into<String>,
        size: f32,
        anchor: Anchor,
        ink: Ink,
    ) {
        self.shapes.push(Shape::Text(Text {
            at,
            words: words.into(),
            size,
            anchor,
            ink,
            bold: false,
            upwards: false,
        }));
    }
}
