//! `assign_mtwcs`: exposures of a moving target get a frame that moves with it.
//!
//! The frame is shifted on the sky so that the target is where it was on the average of all exposures.
//!
//! # Source
//! jwst 3.0.0 `assign_mtwcs.moving_target_wcs`.

use datamodels::library::{Exposure, Library};
use gwcs::frame::Frame;
use gwcs::model::Shift;
use gwcs::{Step as WcsStep, Transform, Wcs};
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::assign_wcs::set_footprint;

stpipe::params! {
    /// Parameters of `assign_mtwcs`.
    pub struct AssignMtwcsParams {
        /// Name the output after the file name in the metadata
        pub output_use_model: bool = true;
    }
}

/// Attaches the frame of a moving target.
#[derive(Debug, Clone, Copy)]
pub struct AssignMtwcs;

impl Step for AssignMtwcs {
    const NAME: &'static str = "assign_mtwcs";
    const CLASS: &'static str = "jwst.assign_mtwcs.assign_mtwcs_step.AssignMTWcsStep";
    const ABOUT: &'static str = "Attaches the frame of a moving target";
    const STATUS_KEY: &'static str = "assign_mtwcs";
    type Params = AssignMtwcsParams;
    type References = ();
    type Input = Library;
    type Output = Library;

    fn prepare(
        _params: &AssignMtwcsParams,
        library: &Library,
        _files: &ReferenceFiles,
    ) -> Result<Prepared<()>, StepError> {
        if science(library).all(|exposure| target(exposure).is_some()) {
            return Ok(Prepared::Ready(()));
        }
        tracing::warn!("One or more MT RA/Dec values missing in input images.");
        tracing::warn!("Step will be skipped, resulting in target misalignment.");
        let why = "keywords MT_RA and MT_DEC are missing in an exposure";
        Ok(Prepared::Skip(SkipReason::not_applicable(why)))
    }

    fn run(
        _params: &AssignMtwcsParams,
        (): (),
        mut library: Library,
    ) -> Result<Outcome<Library, Library>, StepError> {
        let targets: Vec<[f64; 2]> = science(&library).filter_map(target).collect();
        let mean = [0, 1].map(|axis| {
            let sum: f64 = targets.iter().map(|target| target[axis]).sum();
            sum / targets.len() as f64
        });
        for exposure in library.exposures_mut() {
            let (true, Some(target)) = (is_science(exposure), target(exposure)) else {
                continue;
            };
            let wcs = exposure.meta.require_wcs().map_err(StepError::algorithm)?;
            let wcs = moving(&wcs, [mean[0] - target[0], mean[1] - target[1]])?;
            exposure.meta.set_wcs(&wcs).map_err(StepError::algorithm)?;
            exposure.meta.set("meta.wcsinfo.mt_avra", mean[0]);
            exposure.meta.set("meta.wcsinfo.mt_avdec", mean[1]);
            set_footprint(&mut exposure.meta, &wcs)?;
        }
        Ok(Outcome::Complete(library))
    }
}

fn is_science(exposure: &Exposure) -> bool {
    let role = exposure.meta.text("meta.asn.exptype");
    role.is_none_or(|role| role.eq_ignore_ascii_case("science"))
}

fn science(library: &Library) -> impl Iterator<Item = &Exposure> {
    library
        .exposures()
        .iter()
        .filter(|exposure| is_science(exposure))
}

/// Where the target was [deg].
fn target(exposure: &Exposure) -> Option<[f64; 2]> {
    let number = |key: &str| exposure.meta.number(&format!("meta.wcsinfo.{key}"));
    Some([number("mt_ra")?, number("mt_dec")?])
}

/// The chain with a further frame `moving_target`, shifted on the sky [deg].
fn moving(wcs: &Wcs, [lon, lat]: [f64; 2]) -> Result<Wcs, StepError> {
    let mut steps = wcs.steps().to_vec();
    let Some(last) = steps.last_mut() else {
        return Err(StepError::input("WCS", "frames", "none"));
    };
    let Frame::Single(mut frame) = last.frame.clone() else {
        let found = last.frame.name().to_owned();
        return Err(StepError::input("WCS", "a frame of the sky", found));
    };
    last.transform = Some(Transform::from(Shift(lon)).join(Shift(lat).into()));
    "moving_target".clone_into(&mut frame.name);
    steps.push(WcsStep {
        frame: Frame::Single(frame),
        transform: None,
    });
    let mut moving = Wcs::new(wcs.name.clone(), steps).map_err(StepError::algorithm)?;
    moving.pixel_shape.clone_from(&wcs.pixel_shape);
    Ok(moving)
}

#[cfg(test)]
mod tests {
    use gwcs::frame::{CoordinateFrame, Frame};
    use gwcs::model::Scale;
    use gwcs::{Step as WcsStep, Transform, Wcs};

    use super::moving;

    #[test]
    fn the_target_stays_where_it_was_on_the_average() {
        let scale = Transform::from(Scale(0.5)).join(Scale(0.5).into());
        let step = |frame, transform| WcsStep {
            frame: Frame::Single(frame),
            transform,
        };
        let wcs = Wcs::new(
            "",
            vec![
                step(CoordinateFrame::pixels("detector"), Some(scale)),
                step(CoordinateFrame::icrs("world"), None),
            ],
        );
        let moved = moving(&wcs.unwrap(), [0.25, -0.125]).unwrap();
        assert_eq!(moved.output_frame().name(), "moving_target");
        let sky = moved.evaluate(&[&[2.0], &[4.0]]).unwrap();
        assert_eq!((sky[0][0], sky[1][0]), (1.25, 1.875));
        let fixed = moved.transform("detector", "world").unwrap();
        assert_eq!(fixed.evaluate(&[&[2.0], &[4.0]]).unwrap()[0], [1.0]);
    }
}
