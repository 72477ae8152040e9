//! A drawing as pixels, and these as PNG.

use png::{BitDepth, ColorType, Compression, Encoder, PixelDimensions, Unit};
use tiny_skia::{
    Color, FillRule, LineCap, Paint, Path, PathBuilder, Pixmap, Rect as SkiaRect,
    Stroke as SkiaStroke, StrokeDash, Transform,
};

use super::{Anchor, Bitmap, Ink, Rect, Scene, Shape, Stroke, Text, font, text_width};
use crate::colour::{Rgb, Theme};
use crate::error::{QuicklookError, Result};

/// Draws a scene.
///
/// # Errors
/// It is too large for a picture.
pub(crate) fn draw(scene: &Scene, theme: Theme) -> Result<Bitmap> {
    let (width, height) = (scene.width as u32, scene.height as u32);
    let pixmap = Pixmap::new(width, height).ok_or_else(|| QuicklookError::Option {
        option: "size",
        expected: "a picture that fits into memory".to_owned(),
        found: format!("{width} x {height} pixels"),
    })?;
    let mut canvas = Canvas { pixmap, theme };
    canvas.pixmap.fill(colour(theme.paper()));
    scene.shapes.iter().for_each(|shape| canvas.shape(shape));
    let pixels = canvas.pixmap.pixels().iter();
    Ok(Bitmap {
        width: width as usize,
        height: height as usize,
        pixels: pixels.map(|p| [p.red(), p.green(), p.blue()]).collect(),
    })
}

/// The bitmap as PNG with texts about it.
pub(crate) fn png(bitmap: &Bitmap, texts: &[(&str, &str)]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, bitmap.width as u32, bitmap.height as u32);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    encoder.set_pixel_dims(Some(PixelDimensions {
        xppu: 3780,
        yppu: 3780,
        unit: Unit::Meter,
    }));
    for (key, text) in texts {
        encoder.add_itxt_chunk((*key).to_owned(), (*text).to_owned())?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(bitmap.pixels.as_flattened())?;
    writer.finish()?;
    Ok(bytes)
}

fn colour([red, green, blue]: Rgb) -> Color {
    Color::from_rgba8(red, green, blue, 255)
}

struct Canvas {
    pixmap: Pixmap,
    theme: Theme,
}

impl Canvas {
    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Bitmap { frame, bitmap } => self.bitmap(*frame, bitmap),
            Shape::Box {
                frame,
                fill,
                stroke,
            } => {
                let rect = SkiaRect::from_xywh(frame.x, frame.y, frame.width, frame.height);
                self.path(rect.map(PathBuilder::from_rect), *fill, *stroke, false);
            }
            Shape::Line {
                points,
                stroke,
                dashed,
            } => self.path(polyline(points, false), None, Some(*stroke), *dashed),
            Shape::Polygon { points, fill } => {
                self.path(polyline(points, true), Some(*fill), None, false);
            }
            Shape::Circle {
                centre,
                radius,
                fill,
                stroke,
            } => {
                let circle = PathBuilder::from_circle(centre.0, centre.1, *radius);
                self.path(circle, *fill, *stroke, false);
            }
            Shape::Text(text) => self.text(text),
        }
    }

    fn paint(&self, ink: Ink) -> Paint<'static> {
        let mut paint = Paint::default();
        paint.set_color(colour(ink.rgb(self.theme)));
        paint.anti_alias = true;
        paint
    }

    /// Fills and strokes a path; one without extent is left out.
    fn path(
        &mut self,
        path: Option<Path>,
        fill: Option<Ink>,
        stroke: Option<Stroke>,
        dashed: bool,
    ) {
        let Some(path) = path else {
            return;
        };
        if let Some(ink) = fill {
            let paint = self.paint(ink);
            self.pixmap.fill_path(
                &path,
                &paint,
                FillRule::Winding,
                Transform::identity(),
                None,
            );
        }
        if let Some((ink, width)) = stroke {
            let stroke = SkiaStroke {
                width,
                line_cap: LineCap::Butt,
                dash: StrokeDash::new(vec![width * 4.0, width * 3.0], 0.0).filter(|_| dashed),
                ..SkiaStroke::default()
            };
            let paint = self.paint(ink);
            self.pixmap
                .stroke_path(&path, &paint, &stroke, Transform::identity(), None);
        }
    }

    fn text(&mut self, text: &Text) {
        let mut path = PathBuilder::new();
        font::outline(&text.words, text.size, text.bold, &mut path);
        let Some(path) = path.finish() else {
            return;
        };
        let width = text_width(&text.words, text.size, text.bold);
        let shift = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        };
        let (x, y) = text.at;
        let place = Transform::from_translate(x, y);
        let place = if text.upwards {
            place.pre_rotate(-90.0)
        } else {
            place
        };
        let paint = self.paint(text.ink);
        self.pixmap.fill_path(
            &path,
            &paint,
            FillRule::Winding,
            place.pre_translate(shift, 0.0),
            None,
        );
    }

    /// Every pixel of the frame gets the colour of the one of the bitmap below it: blocks stay sharp.
    fn bitmap(&mut self, frame: Rect, bitmap: &Bitmap) {
        let (left, top) = (frame.x.round() as usize, frame.y.round() as usize);
        let (width, height) = (frame.width.round() as usize, frame.height.round() as usize);
        if bitmap.width == 0 || bitmap.height == 0 {
            return;
        }
        let canvas_width = self.pixmap.width() as usize;
        let canvas_height = self.pixmap.height() as usize;
        let columns: Vec<usize> = (0..width.min(canvas_width.saturating_sub(left)))
            .map(|x| x * bitmap.width / width)
            .collect();
        let data = self.pixmap.data_mut();
        for y in 0..height.min(canvas_height.saturating_sub(top)) {
            let row = &bitmap.pixels[y * bitmap.height / height * bitmap.width..][..bitmap.width];
            let start = ((top + y) * canvas_width + left) * 4;
            let out = data[start..].as_chunks_mut::<4>().0;
            for (out, column) in out.iter_mut().zip(&columns) {
                let [red, green, blue] = row[*column];
                *out = [red, green, blue, 255];
            }
        }
    }
}

fn polyline(points: &[(f32, f32)], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    let (first, rest) = points.split_first()?;
    path.move_to(first.0, first.1);
    for (x, y) in rest {
        path.line_to(*x, *y);
    }
    if closed {
        path.close();
    }
    path.finish()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn bitmaps_are_magnified_in_blocks() {
        let mut scene = Scene::new(6.0, 4.0, String::new());
        scene.shapes.push(Shape::Bitmap {
            frame: Rect {
                x: 1.0,
                y: 0.0,
                width: 4.0,
                height: 2.0,
            },
            bitmap: Rc::new(Bitmap {
                width: 2,
                height: 1,
                pixels: vec![[255, 0, 0], [0, 0, 255]],
            }),
        });
        let drawn = draw(&scene, Theme::Dark).unwrap();
        let (paper, red, blue) = (Theme::Dark.paper(), [255, 0, 0], [0, 0, 255]);
        let row = [paper, red, red, blue, blue, paper];
        assert_eq!(drawn.pixels[..6], row);
        assert_eq!(drawn.pixels[6..12], row);
        assert_eq!(drawn.pixels[12..], [paper; 12]);
    }

    #[test]
    fn text_leaves_ink_where_it_should() {
        let mut scene = Scene::new(40.0, 20.0, String::new());
        scene.text((20.0, 15.0), "X", 16.0, Anchor::Middle, Ink::Text);
        let drawn = draw(&scene, Theme::Light).unwrap();
        let dark = |x: usize, y: usize| drawn.pixels[y * 40 + x][0] < 0x80;
        // The middle of the letter, half an x-height above the base line.
        assert!((18..23).any(|x| dark(x, 9)));
        assert!((0..40).all(|x| !dark(x, 1) && !dark(x, 18)));
    }

    #[test]
    fn pictures_can_be_decoded_again() {
        let bitmap = Bitmap {
            width: 2,
            height: 1,
            pixels: vec![[1, 2, 3], [4, 5, 6]],
        };
        let bytes = png(&bitmap, &[("Title", "ä <b>")]).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut out = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut out).unwrap();
        assert_eq!(out, [1, 2, 3, 4, 5, 6]);
        let text = reader.info().utf8_text[0].get_text().unwrap();
        assert_eq!(text, "ä <b>");
    }
}
