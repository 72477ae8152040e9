//! Which source of an image is which source of the reference.

use std::cmp::Ordering;

use super::TweakregError;
use super::offset::{Offset, estimate_offset};

/// How sources are matched. Lengths are in the units of the plane, arcseconds as a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matching {
    /// Largest offset that the histogram is searched for.
    pub search_radius: f64,
    /// Sources of one catalogue closer to each other than this count as one.
    pub separation: f64,
    /// Largest distance of a match, after the offset is taken off.
    pub tolerance: f64,
    /// The offset, where it is known; otherwise it is found from the histogram of differences.
    pub offset: Option<[f64; 2]>,
}

/// Matches found.
#[derive(Debug, Clone, PartialEq)]
pub struct Matches {
    /// Pairs of indices, in the reference and in the image. A source of the image may be in two of them.
    pub pairs: Vec<(usize, usize)>,
    /// The offset that was searched for; none if it was given.
    pub offset: Option<Offset>,
}

impl Matching {
    /// Checks the lengths.
    ///
    /// # Errors
    /// One of them is not positive.
    pub fn check(&self) -> Result<(), TweakregError> {
        for (name, value) in [
            ("searchrad", self.search_radius),
            ("separation", self.separation),
            ("tolerance", self.tolerance),
        ] {
            if value.is_nan() || value <= 0.0 {
                return Err(TweakregError::NotPositive { name, value });
            }
        }
        Ok(())
    }

    /// Sources are confused for sure if they may be matched over more than their separation.
    pub fn may_confuse(&self) -> bool {
        self.separation <= std::f64::consts::SQRT_2 * self.tolerance
    }

    /// Matches sources of an image with those of the reference, both (x, y) in one plane. `pixel_scale` is the size of a
    /// bin of the histogram.
    ///
    /// Each source of the reference takes the nearest of the image within the tolerance.
    ///
    /// # Errors
    /// There are more matches than sources in the image: several sources of the reference took the same one. Or the
    /// histogram is too large.
    ///
    /// ```
    /// use stcal::tweakreg::Matching;
    /// let matching = Matching { search_radius: 2.0, separation: 0.5, tolerance: 0.2, offset: None };
    /// let reference = [[0.0, 0.0], [10.0, 3.0], [4.0, -7.0]];
    /// let image = reference.map(|[x, y]| [x + 1.0, y - 0.5]);
    /// let found = matching.find(&image, &reference, 0.1)?;
    /// assert_eq!(found.pairs, [(2, 2), (0, 0), (1, 1)]);
    /// # Ok::<(), stcal::tweakreg::TweakregError>(())
    /// ```
    pub fn find(
        &self,
        image: &[[f64; 2]],
        reference: &[[f64; 2]],
        pixel_scale: f64,
    ) -> Result<Matches, TweakregError> {
        let offset = match self.offset {
            Some(_) => None,
            None => Some(estimate_offset(
                image,
                reference,
                self.search_radius,
                pixel_scale,
            )?),
        };
        let shift = offset
            .map(|offset| offset.shift)
            .or(self.offset)
            .unwrap_or_default();
        let moved: Vec<[f64; 2]> = image
            .iter()
            .map(|p| [p[0] - shift[0], p[1] - shift[1]])
            .collect();
        let pairs = self.nearest(
            &distinct(&moved, self.separation),
            &distinct(reference, self.separation),
        );
        if pairs.len() > image.len() {
            return Err(TweakregError::Confusion {
                allowed: image.len(),
            });
        }
        Ok(Matches { pairs, offset })
    }

    /// The nearest source of the image to each one of the reference; both come in order of y.
    fn nearest(&self, image: &[Place], reference: &[Place]) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        let mut first = 0;
        for source in reference {
            // Parity: stsci.stimage 0.3 `match_tolerance` excludes the tolerance below and includes it above.
            while image
                .get(first)
                .is_some_and(|other| source.y - other.y >= self.tolerance)
            {
                first += 1;
            }
            let mut best = self.tolerance * self.tolerance;
            let mut found = None;
            for other in &image[first..] {
                let (dx, dy) = (source.x - other.x, source.y - other.y);
                if dy < -self.tolerance {
                    break;
                }
                let square = dx * dx + dy * dy;
                if square <= best {
                    best = square;
                    found = Some(other.index);
                }
            }
            pairs.extend(found.map(|found| (source.index, found)));
        }
        pairs
    }
}

#[derive(Debug, Clone, Copy)]
struct Place {
    x: f64,
    y: f64,
    index: usize,
}

/// Sources in order of y, and of x where y is the same, without those that are close to one that stays.
fn distinct(points: &[[f64; 2]], separation: f64) -> Vec<Place> {
    let mut sorted: Vec<Place> = points
        .iter()
        .enumerate()
        .map(|(index, &[x, y])| Place { x, y, index })
        .collect();
    // The places are finite; zeros of either sign are equal.
    sorted.sort_by(|a, b| {
        let by = |p: f64, q: f64| p.partial_cmp(&q).unwrap_or(Ordering::Equal);
        by(a.y, b.y).then(by(a.x, b.x))
    });
    let limit = separation * separation;
    let mut dropped = vec![false; sorted.len()];
    for k in 0..sorted.len() {
        if dropped[k] {
            continue;
        }
        for j in k + 1..sorted.len() {
            let dy = sorted[j].y - sorted[k].y;
            if dy * dy > limit {
                break;
            }
            let dx = sorted[j].x - sorted[k].x;
            dropped[j] |= dy * dy + dx * dx <= limit;
        }
    }
    let mut dropped = dropped.into_iter();
    sorted.retain(|_| !dropped.next().unwrap_or(false));
    sorted
}
