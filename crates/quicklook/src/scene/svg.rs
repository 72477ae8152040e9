//! A drawing as SVG within a page, whose style sheet says which colours the inks have.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::{Anchor, Ink, Scene, Shape, Stroke, Text, raster};
use crate::error::Result;

/// The drawing as an element; texts are escaped.
pub(crate) fn draw(scene: &Scene) -> Result<Markup> {
    let (width, height) = (scene.width, scene.height);
    let mut parts = Vec::with_capacity(scene.shapes.len());
    for shape in &scene.shapes {
        parts.push(element(shape)?);
    }
    Ok(html! {
        svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label=(scene.description)
            width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } {
            @for part in &parts { (part) }
        }
    })
}

fn element(shape: &Shape) -> Result<Markup> {
    Ok(match shape {
        Shape::Bitmap { frame, bitmap } => {
            let bytes = STANDARD.encode(raster::png(bitmap, &[])?);
            html! {
                image x=(frame.x) y=(frame.y) width=(frame.width) height=(frame.height)
                    preserveAspectRatio="none" href={ "data:image/png;base64," (bytes) } {}
            }
        }
        Shape::Box {
            frame,
            fill,
            stroke,
        } => {
            let style = style(*fill, *stroke);
            html! {
                rect x=(frame.x) y=(frame.y) width=(frame.width) height=(frame.height) style=(style) {}
            }
        }
        Shape::Line {
            points: ends,
            stroke,
            dashed,
        } => {
            let mut style = style(None, Some(*stroke));
            if *dashed {
                let (dash, gap) = (stroke.1 * 4.0, stroke.1 * 3.0);
                style = format!("{style};stroke-dasharray:{dash} {gap}");
            }
            html! { polyline points=(points(ends)) style=(style) {} }
        }
        Shape::Polygon { points: ends, fill } => {
            html! { polygon points=(points(ends)) style=(style(Some(*fill), None)) {} }
        }
        Shape::Circle {
            centre,
            radius,
            fill,
            stroke,
        } => {
            html! { circle cx=(centre.0) cy=(centre.1) r=(radius) style=(style(*fill, *stroke)) {} }
        }
        Shape::Text(text) => words(text),
    })
}

fn words(text: &Text) -> Markup {
    let anchor = match text.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let weight = if text.bold { ";font-weight:bold" } else { "" };
    let fill = value(text.ink);
    let size = text.size;
    let (x, y) = text.at;
    let place = if text.upwards {
        format!("translate({x} {y}) rotate(-90)")
    } else {
        format!("translate({x} {y})")
    };
    html! {
        text transform=(place) text-anchor=(anchor) style={ "fill:" (fill) ";font-size:" (size) "px" (weight) } {
            (text.words)
        }
    }
}

fn points(points: &[(f32, f32)]) -> String {
    let points: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{x:.2},{y:.2}"))
        .collect();
    points.join(" ")
}

fn style(fill: Option<Ink>, stroke: Option<Stroke>) -> String {
    let fill = fill.map_or("none".to_owned(), value);
    match stroke {
        Some((ink, width)) => format!("fill:{fill};stroke:{};stroke-width:{width}", value(ink)),
        None => format!("fill:{fill}"),
    }
}

/// An ink as a value of CSS.
fn value(ink: Ink) -> String {
    let name = match ink {
        Ink::Text => "text",
        Ink::Muted => "muted",
        Ink::Line => "line",
        Ink::Grid => "grid",
        Ink::Paper => "paper",
        Ink::Fixed([red, green, blue]) => return format!("#{red:02x}{green:02x}{blue:02x}"),
    };
    format!("var(--{name})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_descriptions_are_escaped() {
        let mut scene = Scene::new(10.0, 5.0, "\"><script>alert(1)</script>".to_owned());
        scene.text(
            (1.0, 2.0),
            "<b> & \"",
            3.0,
            Anchor::End,
            Ink::Fixed([1, 2, 255]),
        );
        let drawn = draw(&scene).unwrap().into_string();
        assert_eq!(
            drawn,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" \
             aria-label=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\" width=\"10\" height=\"5\" viewBox=\"0 0 10 5\">\
             <text transform=\"translate(1 2)\" text-anchor=\"end\" style=\"fill:#0102ff;font-size:3px\">\
             &lt;b&gt; &amp; &quot;</text></svg>"
        );
    }
}
