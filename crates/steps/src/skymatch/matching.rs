//! Levels of groups of exposures.

use datamodels::library::Library;
use rayon::prelude::*;
use stcal::skymatch::{Direction, Level, Overlap, SkyStatistics, Spans, match_levels};
use stpipe::StepError;

use super::image::{GoodPixels, SkyImage};
use super::report;

/// Exposures whose levels are matched. Those of a group keep their differences.
pub(super) struct Matching<'a> {
    library: &'a Library,
    images: Vec<SkyImage>,
    groups: Vec<Vec<usize>>,
    statistics: SkyStatistics,
    bad: u32,
    subtract: bool,
}

/// What one exposure has to say.
#[derive(Debug, Default)]
struct Measurement {
    /// Its level in the overlap with each group.
    overlaps: Vec<Option<Level>>,
    /// Its level on all of its pixels.
    whole: Option<Level>,
}

impl<'a> Matching<'a> {
    pub(super) fn new(
        library: &'a Library,
        images: Vec<SkyImage>,
        statistics: SkyStatistics,
        bad: u32,
        subtract: bool,
    ) -> Self {
        let groups = library.groups();
        Self {
            library,
            images,
            groups: groups.into_iter().map(|(_, members)| members).collect(),
            statistics,
            bad,
            subtract,
        }
    }

    /// Finds the levels.
    pub(super) fn run(&mut self, method: &str, direction: Direction) -> Result<(), StepError> {
        let (matches, global) = (method.contains("match"), method.contains("global"));
        let with_whole = global || !matches;
        // Pixels that are not changed between the two parts of a method are read once.
        let at_once = !(matches && self.subtract);
        let mut measured = self.measure(matches, with_whole && at_once)?;
        let mut show_old = self.subtract;
        if matches {
            report::matching();
            let levels = self.match_groups(&measured, direction);
            self.apply(&levels, false, show_old);
            show_old = true;
        }
        if with_whole {
            if !at_once {
                measured = self.measure(false, true)?;
            }
            report::whole(global);
            let mut levels = self.whole_levels(&measured);
            if global {
                let lowest = levels.iter().flatten().copied().reduce(f64::min);
                report::lowest(lowest);
                levels.fill(lowest);
            }
            if matches {
                report::combined();
            }
            self.apply(&levels, global, show_old);
        }
        Ok(())
    }

    /// The exposures with their levels.
    pub(super) fn finish(self) -> Vec<SkyImage> {
        self.images
    }

    fn measure(&self, overlaps: bool, whole: bool) -> Result<Vec<Measurement>, StepError> {
        let measure = |index: &usize| {
            let index = *index;
            let image = &self.images[index];
            let spans: Vec<Option<Spans>> = if overlaps {
                let others = self.groups.iter().map(|group| self.common(index, group));
                others.collect::<Result<_, StepError>>()?
            } else {
                Vec::new()
            };
            if !whole && spans.iter().all(Option::is_none) {
                let overlaps = vec![None; self.groups.len()];
                return Ok(Measurement {
                    overlaps,
                    whole: None,
                });
            }
            let (exposure, stash) = (&self.library.exposures()[index], self.library.stash());
            let pixels = GoodPixels::of(image, exposure, stash, self.bad)?;
            let measure = |spans: &Option<Spans>| {
                spans
                    .as_ref()
                    .and_then(|spans| pixels.measure(Some(spans), &self.statistics))
            };
            let measured = Measurement {
                overlaps: spans.par_iter().map(measure).collect(),
                whole: whole
                    .then(|| pixels.measure(None, &self.statistics))
                    .flatten(),
            };
            pixels.put_by(stash);
            Ok(measured)
        };
        let images: Vec<usize> = (0..self.images.len()).collect();
        let mut measured = Vec::new();
        for together in images.chunks(self.library.at_once()) {
            let together = together.par_iter().map(measure);
            measured.extend(together.collect::<Result<Vec<_>, StepError>>()?);
        }
        Ok(measured)
    }

    /// The pixels of an exposure that another group shows, too.
    fn common(&self, index: usize, group: &[usize]) -> Result<Option<Spans>, StepError> {
        if group.contains(&index) {
            return Ok(None);
        }
        let others: Vec<&SkyImage> = group.iter().map(|other| &self.images[*other]).collect();
        self.images[index].overlap(&others)
    }

    fn match_groups(&self, measured: &[Measurement], direction: Direction) -> Vec<Option<f64>> {
        let count = self.groups.len();
        let side = |group: usize, other: usize| {
            let levels = self.groups[group].iter();
            mean(levels.filter_map(|image| measured[*image].overlaps[other]))
        };
        let mut overlaps = Vec::new();
        for first in 0..count {
            for second in first + 1..count {
                if let (Some(a), Some(b)) = (side(first, second), side(second, first)) {
                    overlaps.push(Overlap {
                        images: [first, second],
                        levels: [a.value, b.value],
                        weight: 0.5 * (a.pixels as f64 + b.pixels as f64),
                    });
                }
            }
        }
        let found = match_levels(count, &overlaps, direction);
        report::rank(count, found.rank);
        found.levels
    }

    /// The level of each group: the lowest of its exposures.
    fn whole_levels(&self, measured: &[Measurement]) -> Vec<Option<f64>> {
        let groups = self.groups.iter().map(|group| {
            let levels = group.iter().filter_map(|&index| {
                let level = measured[index].whole?.value;
                // Without subtraction, the pixels do not know of the levels found so far.
                let known = if self.subtract {
                    0.0
                } else {
                    self.images[index].level
                };
                Some(level - known)
            });
            levels.reduce(f64::min)
        });
        groups.collect()
    }

    /// Adds levels to those of the groups.
    fn apply(&mut self, levels: &[Option<f64>], global: bool, show_old: bool) {
        for (number, (group, &level)) in self.groups.iter().zip(levels).enumerate() {
            let name = match group[..] {
                [only] => report::Group::One(self.library.exposures()[only].file_name()),
                _ => report::Group::Several(number),
            };
            if level.is_none() && !global {
                name.warn();
            }
            name.begin();
            let delta = level.unwrap_or(0.0);
            for &index in group {
                let image = &mut self.images[index];
                let before = image.level;
                image.level += delta;
                image.is_valid = level.is_some() || (global && image.is_valid);
                if self.subtract {
                    image.subtracted.push(delta);
                }
                let old = show_old.then_some((before, delta));
                name.member(
                    self.library.exposures()[index].file_name(),
                    image.level,
                    old,
                );
            }
        }
    }
}

/// The mean of levels, weighted by their pixels.
fn mean(levels: impl Iterator<Item = Level>) -> Option<Level> {
    let (sum, pixels) = levels.fold((0.0, 0), |(sum, pixels), level| {
        (
            sum + level.value * level.pixels as f64,
            pixels + level.pixels,
        )
    });
    let value = sum / pixels as f64;
    (pixels > 0).then_some(Level { value, pixels })
}
