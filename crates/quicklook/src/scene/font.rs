//! The letters: `DejaVu` Sans, which may be embedded and given on freely.

use std::sync::OnceLock;

use ab_glyph::{Font as _, FontRef, GlyphId, OutlineCurve, Point, PxScale, ScaleFont as _};
use tiny_skia::PathBuilder;

fn font(bold: bool) -> &'static FontRef<'static> {
    static FONTS: OnceLock<[FontRef<'static>; 2]> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        [dejavu::sans::regular(), dejavu::sans::bold()]
            .map(|bytes| FontRef::try_from_slice(bytes).expect("the embedded fonts are sound"))
    });
    &fonts[usize::from(bold)]
}

/// Pixels of the font's scale for an em of this height.
fn scale(bold: bool, em: f32) -> PxScale {
    let font = font(bold);
    let per_em = font.units_per_em().unwrap_or(2048.0);
    PxScale::from(em * font.height_unscaled() / per_em)
}

/// The letters of a text and where each begins, and where the text ends.
fn placed(words: &str, em: f32, bold: bool) -> (Vec<(GlyphId, f32)>, f32) {
    let font = font(bold).as_scaled(scale(bold, em));
    let (mut x, mut before) = (0.0, None);
    let mut letters = Vec::with_capacity(words.len());
    for letter in words.chars().filter(|letter| !letter.is_control()) {
        let id = font.glyph_id(letter);
        x += before.map_or(0.0, |before| font.kern(before, id));
        letters.push((id, x));
        x += font.h_advance(id);
        before = Some(id);
    }
    (letters, x)
}

/// How wide a text is.
pub(crate) fn text_width(words: &str, em: f32, bold: bool) -> f32 {
    placed(words, em, bold).1
}

/// The text, or as much of its beginning as fits, with an ellipsis.
pub(crate) fn cut_to(width: f32, words: &str, em: f32, bold: bool) -> String {
    if text_width(words, em, bold) <= width {
        return words.to_owned();
    }
    let mut kept: Vec<char> = words.chars().collect();
    while kept.pop().is_some() {
        let shorter = kept.iter().collect::<String>().trim_end().to_owned() + "…";
        if text_width(&shorter, em, bold) <= width {
            return shorter;
        }
    }
    String::new()
}

/// Parts joined by dots in the middle, in as many lines as they need.
pub(crate) fn wrapped(width: f32, parts: &[String], em: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        if let Some(line) = lines.last_mut() {
            let longer = format!("{line} · {part}");
            if text_width(&longer, em, false) <= width {
                *line = longer;
                continue;
            }
        }
        lines.push(cut_to(width, part, em, false));
    }
    lines
}

/// Adds the outlines of a text to a path, from (0, 0) on the base line to the right.
pub(super) fn outline(words: &str, em: f32, bold: bool, path: &mut PathBuilder) {
    let font = font(bold);
    let per_unit = em / font.units_per_em().unwrap_or(2048.0);
    for (id, x) in placed(words, em, bold).0 {
        let Some(outline) = font.outline(id) else {
            continue;
        };
        let at = |point: Point| (x + point.x * per_unit, -point.y * per_unit);
        let mut end = None;
        for curve in outline.curves {
            let (first, last) = match curve {
                OutlineCurve::Line(a, b)
                | OutlineCurve::Quad(a, _, b)
                | OutlineCurve::Cubic(a, _, _, b) => (a, b),
            };
            if end != Some(first) {
                let (x, y) = at(first);
                path.move_to(x, y);
            }
            let (x, y) = at(last);
            match curve {
                OutlineCurve::Line(..) => path.line_to(x, y),
                OutlineCurve::Quad(_, b, _) => path.quad_to(at(b).0, at(b).1, x, y),
                OutlineCurve::Cubic(_, b, c, _) => {
                    path.cubic_to(at(b).0, at(b).1, at(c).0, at(c).1, x, y);
                }
            }
            end = Some(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // Advances of DejaVu Sans 2.37: A 1401, i 569 units of 2048 an em.
        assert!((text_width("i", 2048.0, false) - 569.0).abs() < 1.0);
        assert!((text_width("A", 20.48, false) - 14.01).abs() < 0.01);
        assert!(text_width("bold", 12.0, true) > text_width("bold", 12.0, false));
        assert_eq!(text_width("", 12.0, false), 0.0);
    }

    #[test]
    fn long_texts_are_cut_and_wrapped() {
        let name = "jw90017001001_02101_00001_nrcb1_rate.fits";
        let short = cut_to(100.0, name, 12.0, false);
        assert!(short.ends_with('…') && text_width(&short, 12.0, false) <= 100.0);
        assert_eq!(cut_to(1000.0, name, 12.0, false), name);
        assert_eq!(cut_to(1.0, name, 12.0, false), "");
        let parts = ["one", "two", "three"].map(String::from);
        assert_eq!(wrapped(1000.0, &parts, 12.0), ["one · two · three"]);
        assert_eq!(wrapped(60.0, &parts, 12.0), ["one · two", "three"]);
    }
}
