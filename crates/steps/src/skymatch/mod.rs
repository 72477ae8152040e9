//! `skymatch`: measures background levels that make overlapping exposures agree.
//!
//! # Source
//! jwst 3.0.0 `skymatch_step.py` with stcal 1.20.0 `skymatch`; the measurements are in [`stcal::skymatch`].

mod image;
mod matching;
mod report;
#[cfg(test)]
mod tests;
mod user;

use std::path::Path;

use datamodels::library::{Library, Stash};
use stcal::skymatch::{Direction, SkyStatistics, Statistic};
use stpipe::{Outcome, Prepared, ReferenceFiles, Status, Step, StepError};

use crate::good_bits::bad_bits;
use image::SkyImage;
use matching::Matching;
use user::SkyList;

stpipe::params! {
    /// Parameters of `skymatch`.
    pub struct SkyMatchParams {
        /// How levels are found: of each group of exposures, the lowest of all, from overlaps, or from a list
        pub skymethod: String = "match", choices(&["local", "global", "match", "global+match", "user"]);
        /// Lower all exposures to the one with the lowest level; otherwise raise them to the highest
        pub match_down: bool = true;
        /// Subtract the levels from the data
        pub subtract: bool = false;
        /// File with the name and the level of each exposure
        pub skylist: Option<String> = None;
        /// Longest distance of vertices on the border of an image; only corners if not given [pixel]
        pub stepsize: Option<i64> = None;
        /// Statistic that stands for the level
        pub skystat: String = "mode", choices(&["median", "midpt", "mean", "mode"]);
        /// Quality bits that pixels may have
        pub dqbits: String = "~DO_NOT_USE+NON_SCIENCE";
        /// Lowest value that counts [BUNIT]
        pub lower: Option<f64> = None;
        /// Highest value that counts [BUNIT]
        pub upper: Option<f64> = None;
        /// How often outliers are left out
        pub nclip: i64 = 5, min(0);
        /// Distance below the mean from which values are left out [standard deviations]
        pub lsigma: f64 = 4.0, min(0.0);
        /// Distance above the mean from which values are left out [standard deviations]
        pub usigma: f64 = 4.0, min(0.0);
        /// Width of the bins of histograms [standard deviations]
        pub binwidth: f64 = 0.1, min(0.0);
        /// Keep changed exposures in memory
        pub in_memory: bool = true;
    }
}

/// Measures background levels of exposures.
#[derive(Debug, Clone, Copy)]
pub struct SkyMatch;

impl Step for SkyMatch {
    const NAME: &'static str = "skymatch";
    const CLASS: &'static str = "jwst.skymatch.skymatch_step.SkyMatchStep";
    const ABOUT: &'static str = "Measures background levels that make overlapping exposures agree";
    const STATUS_KEY: &'static str = "skymatch";
    type Params = SkyMatchParams;
    type References = Option<SkyList>;
    type Input = Library;
    type Output = Library;

    fn prepare(
        params: &SkyMatchParams,
        _exposures: &Library,
        _files: &ReferenceFiles,
    ) -> Result<Prepared<Option<SkyList>>, StepError> {
        if params.skymethod != "user" {
            return Ok(Prepared::Ready(None));
        }
        let path = params.skylist.as_deref().ok_or_else(|| {
            StepError::input("skylist", "a file, as skymethod is user", "nothing")
        })?;
        SkyList::read(Path::new(path)).map(|list| Prepared::Ready(Some(list)))
    }

    fn run(
        params: &SkyMatchParams,
        list: Option<SkyList>,
        mut library: Library,
    ) -> Result<Outcome<Library, Library>, StepError> {
        if let Some(list) = list {
            list.apply(params, &mut library)?;
            return Ok(Outcome::Complete(library));
        }
        let statistics = statistics(params);
        let bad = bad_bits("dqbits", &params.dqbits)?.unwrap_or(0);
        let border_step = params.stepsize.map(|step| step as f64);
        let exposures = library.exposures().iter();
        let images = exposures
            .map(|exposure| SkyImage::new(exposure, params.subtract, border_step))
            .collect::<Result<Vec<_>, StepError>>()?;
        let mut matching = Matching::new(&library, images, statistics, bad, params.subtract);
        report::begin(params);
        matching.run(&params.skymethod, direction(params))?;
        let images = matching.finish();
        report::end();
        for (exposure, image) in library.exposures_mut().iter_mut().zip(images) {
            if !image.is_valid {
                exposure.settle_status(Self::STATUS_KEY, Status::Skipped.as_str());
                continue;
            }
            if params.subtract {
                let data = image.data(exposure, &Stash::default())?;
                exposure.set_data(data).map_err(StepError::algorithm)?;
            }
            let meta = &mut exposure.meta;
            meta.set("meta.background.method", params.skymethod.as_str());
            meta.set("meta.background.level", image.level);
            meta.note(Self::STATUS_KEY, "sky_level", image.level);
            meta.set("meta.background.subtracted", params.subtract);
        }
        Ok(Outcome::Complete(library))
    }
}

fn statistics(params: &SkyMatchParams) -> SkyStatistics {
    SkyStatistics {
        statistic: match params.skystat.as_str() {
            "median" => Statistic::Median,
            "midpt" => Statistic::Midpoint,
            "mean" => Statistic::Mean,
            _ => Statistic::Mode,
        },
        lower: params.lower,
        upper: params.upper,
        clips: params.nclip.max(0) as usize,
        low_sigma: params.lsigma,
        high_sigma: params.usigma,
        bin_width: params.binwidth,
    }
}

fn direction(params: &SkyMatchParams) -> Direction {
    if params.match_down {
        Direction::Down
    } else {
        Direction::Up
    }
}
