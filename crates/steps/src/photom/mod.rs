//! `photom`: converts count rates to surface brightness.
//!
//! For images. The factors of spectra, which depend on wavelength, come with spectroscopy.

mod row;

use datamodels::dq::pixel;
use datamodels::models::RateModel;
use datamodels::reference::{AreaReference, PhotomReference, PixelArea};
use stcal::photom::Conversion;
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::{metadata_error, rates};
use row::{Choice, choose, throughput};

#[cfg(test)]
mod tests;

stpipe::params! {
    /// Parameters of `photom`.
    pub struct PhotomParams {
        /// Divide by the factor instead
        pub inverse: bool = false;
        /// Treat the source as of this type (spectra)
        pub source_type: Option<String> = None;
        /// Correct for the change of the throughput with time, if the reference knows it
        pub apply_time_correction: bool = true;
    }
}

/// uJy/arcsec² of one MJy/sr.
const UJY_ARCSEC2_PER_MJY_SR: f64 = 23.504_430_539_097_89;

/// Converts count rates to MJy/sr, and says how large pixels are.
#[derive(Debug, Clone, Copy)]
pub struct Photom;

/// What the conversion needs.
#[derive(Debug, Clone)]
pub struct PhotomReferences {
    /// Conversion factors.
    pub photom: PhotomReference,
    /// Areas of pixels.
    pub area: Option<AreaReference>,
}

impl Step for Photom {
    const NAME: &'static str = "photom";
    const CLASS: &'static str = "jwst.photom.photom_step.PhotomStep";
    const ABOUT: &'static str = "Converts count rates to surface brightness";
    const STATUS_KEY: &'static str = "photom";
    const REFERENCES: &'static [&'static str] = &["photom", "area"];
    type Params = PhotomParams;
    type References = PhotomReferences;
    type Input = RateModel;
    type Output = RateModel;

    fn prepare(
        _params: &PhotomParams,
        rate: &RateModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<PhotomReferences>, StepError> {
        let area_exists = files.path("area")?.is_some();
        let Some(photom) = crate::load(files, "photom", PhotomReference::load)? else {
            return Ok(Prepared::Skip(SkipReason::NoReference("photom")));
        };
        refuse_spectra(rate, &photom)?;
        let area = if area_exists {
            let frame = rate.meta().subarray().frame().map_err(metadata_error)?;
            crate::load(files, "area", |path| AreaReference::load(path, frame))?
        } else {
            None
        };
        Ok(Prepared::Ready(PhotomReferences { photom, area }))
    }

    fn run(
        params: &PhotomParams,
        references: PhotomReferences,
        mut rate: RateModel,
    ) -> Result<Outcome<RateModel, RateModel>, StepError> {
        let PhotomReferences { photom, area } = references;
        if rate.meta().exposure().kind().map_err(metadata_error)? != "NIS_SOSS" {
            set_area(&mut rate, &photom, area);
        }
        match choose(&rate, &photom.table)? {
            Choice::Row(row) => {
                let factor = factor(params, &photom, row, &rate)?;
                convert(&mut rate, &factor, params.inverse)?;
                Ok(Outcome::Complete(rate))
            }
            // Parity: jwst/photom/photom.py `apply_photom` counts as done even so.
            Choice::None => {
                tracing::warn!("No row of the PHOTOM reference fits the exposure: not converted");
                Ok(Outcome::Complete(rate))
            }
            // Parity: the area stays in the product.
            Choice::Unsupported(why) => {
                tracing::error!("{why}. Photom will be skipped.");
                Ok(Outcome::Skipped {
                    input: rate,
                    reason: SkipReason::not_applicable(why),
                })
            }
        }
    }
}

/// Refuses exposures whose factors depend on wavelength.
fn refuse_spectra(rate: &RateModel, photom: &PhotomReference) -> Result<(), StepError> {
    let instrument = rate.meta().instrument();
    let detector = instrument.detector().map_err(metadata_error)?;
    let name = instrument.name().map_err(metadata_error)?;
    let kind = rate.meta().exposure().kind().map_err(metadata_error)?;
    let has_wavelengths = photom.table.column("wavelength").is_some() && kind != "NIS_SOSS";
    if name == "NIRSPEC" || detector.starts_with("MIRIFU") || has_wavelengths {
        let expected = "that of an image; spectra cannot be converted in this version";
        return Err(StepError::input("keyword EXP_TYPE", expected, kind));
    }
    Ok(())
}

/// Attaches the areas of the pixels.
fn set_area(rate: &mut RateModel, photom: &PhotomReference, area: Option<AreaReference>) {
    let PixelArea {
        steradians,
        square_arcseconds,
    } = area.as_ref().map_or(photom.area, |area| area.area);
    for (keyword, path, value) in [
        ("PIXAR_SR", PixelArea::STERADIANS, steradians),
        ("PIXAR_A2", PixelArea::SQUARE_ARCSECONDS, square_arcseconds),
    ] {
        if let Some(value) = value {
            rate.meta_mut().set(path, value);
        } else {
            tracing::warn!("The keyword {keyword} is missing from the reference file");
            rate.meta_mut().remove(path);
        }
    }
    if let Some(area) = area {
        rate.set_area(area.map);
    }
}

/// The conversion of a row, at the time of the exposure; it is recorded in the product.
fn factor(
    params: &PhotomParams,
    photom: &PhotomReference,
    row: usize,
    rate: &RateModel,
) -> Result<Factor, StepError> {
    let PhotomParams {
        inverse: _,
        source_type: _,
        apply_time_correction,
    } = params;
    let column = |name: &str| photom.table.numbers(name);
    let value = column("photmjsr").and_then(|values| values.get(row).copied());
    let Some(value) = value else {
        let name = photom.file_name.clone().unwrap_or_default();
        let what = "HDU PHOTOM: expected a column photmjsr with a number in each row";
        return Err(StepError::reference("photom", name, what));
    };
    let value = value as f32;
    if *apply_time_correction {
        let throughput = throughput(rate, photom, row)?;
        if throughput != 1.0 {
            tracing::info!("Multiplicative time dependence correction is {throughput:.6}");
            let value = f64::from(value) / throughput;
            return Ok(Factor {
                conversion: Conversion::double(value),
                ujy_arcsec2: value * UJY_ARCSEC2_PER_MJY_SR,
            });
        }
    }
    Ok(Factor {
        conversion: Conversion::single(value),
        ujy_arcsec2: f64::from(value * UJY_ARCSEC2_PER_MJY_SR as f32),
    })
}

/// A conversion, and its factor in another unit.
struct Factor {
    conversion: Conversion,
    ujy_arcsec2: f64,
}

fn convert(rate: &mut RateModel, factor: &Factor, inverse: bool) -> Result<(), StepError> {
    let Factor {
        conversion,
        ujy_arcsec2,
    } = factor;
    tracing::info!("PHOTMJSR value: {}", conversion.factor());
    rates::for_each_band(rate, |_, band| {
        if inverse {
            conversion.undo(band)?;
        } else {
            conversion.apply(band)?;
        }
        band.unify_invalid(pixel::DO_NOT_USE)
    })
    .map_err(StepError::algorithm)?;
    let unit = if inverse { "DN/s" } else { "MJy/sr" };
    let meta = rate.meta_mut();
    meta.note(Photom::STATUS_KEY, "factor_mjy_sr", conversion.factor());
    meta.set(
        "meta.photometry.conversion_megajanskys",
        conversion.factor(),
    );
    meta.set("meta.photometry.conversion_microjanskys", *ujy_arcsec2);
    meta.set("meta.bunit_data", unit);
    meta.set("meta.bunit_err", unit);
    Ok(())
}
