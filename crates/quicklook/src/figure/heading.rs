//! What stands above a picture.

use crate::scene::{Anchor, Ink, Scene, Shape, Text, cut_to, wrapped};

/// What stands above a picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heading {
    pub(crate) name: String,
    pub(crate) facts: Vec<String>,
    pub(crate) shown: Vec<String>,
}

impl Heading {
    /// What the picture shows in words: the product, what it is, and what can be seen.
    pub(crate) fn description(&self, seen: &str) -> String {
        if self.facts.is_empty() {
            return format!("{}: {seen}", self.name);
        }
        format!("{}: {}. {seen}", self.name, self.facts.join(", "))
    }

    /// Draws the heading from the top left corner of the content, and gives its lower edge.
    pub(crate) fn draw(&self, scene: &mut Scene, x: f32, width: f32, em: f32) -> f32 {
        let mut y = em * 2.1;
        scene.shapes.push(Shape::Text(Text {
            at: (x, y),
            words: cut_to(width, &self.name, em * 1.15, true),
            size: em * 1.15,
            anchor: Anchor::Start,
            ink: Ink::Text,
            bold: true,
            upwards: false,
        }));
        for (parts, ink) in [(&self.facts, Ink::Text), (&self.shown, Ink::Muted)] {
            for line in wrapped(width, parts, em * 0.92) {
                y += em * 1.45;
                scene.text((x, y), line, em * 0.92, Anchor::Start, ink);
            }
        }
        y + em * 0.9
    }

    /// Room that the heading takes.
    pub(crate) fn height(&self, width: f32, em: f32) -> f32 {
        let lines = [&self.facts, &self.shown].map(|parts| wrapped(width, parts, em * 0.92).len());
        em * (3.0 + 1.45 * (lines[0] + lines[1]) as f32)
    }
}
