//! The catalogue's columns.

use std::sync::Arc;

use datamodels::io::ecsv::{Column, Meta, MetaArray, Table, Values};
use datamodels::metadata::Metadata;
use gwcs::Wcs;
use stpipe::StepError;

use super::detection::{SourceList, SourceSegment, Sources};
use super::photometry::{Measured, Photometry};
use super::{Apertures, SourceCatalogParams};
use crate::metadata_error;

/// A value and its standard deviation.
type WithError = (f64, f64);

/// Magnitude of 1 Jy.
const ZERO_POINT: f64 = 8.9;
/// One arcsecond [degree].
const ARCSECOND_DEG: f64 = 1.0 / 3600.0;

/// Makes the catalogue.
pub(super) fn table(
    sources: &Sources,
    measured: &Measured,
    apertures: &Apertures,
    params: &SourceCatalogParams,
    meta: &Metadata,
) -> Result<Table, StepError> {
    let sky = Sky::new(meta)?;
    let mut columns = positions(sources, &sky)?;
    columns.extend(aperture_columns(&measured.sources, apertures));
    columns.extend(extras(sources, measured, apertures, params));
    columns.extend(isophotal_columns(sources, apertures, &sky)?);
    columns.iter_mut().for_each(set_format);
    Ok(Table {
        meta: metadata(sources, apertures, params),
        columns,
    })
}

fn metadata(
    sources: &Sources,
    apertures: &Apertures,
    params: &SourceCatalogParams,
) -> Vec<(String, Meta)> {
    let mut meta = Vec::new();
    let mut add = |name: &str, value: Meta| meta.push((name.to_owned(), value));
    if let SourceList::Segments(_) = sources.kind {
        let kron = params.kron_params.as_deref().unwrap_or(&[2.5, 1.4, 0.0]);
        let kron = kron.iter().map(|value| Meta::Float(*value)).collect();
        add("local_bkg_width", Meta::Int(params.localbkg_width));
        let method = params.apermask_method.clone();
        add("aperture_mask_method", Meta::Text(method));
        add("kron_params", Meta::Tuple(kron));
    }
    let Apertures {
        energies,
        radii,
        corrections,
        sky_radii,
        vega_offset,
    } = apertures;
    let entries = [
        (
            "aperture_corrections",
            Meta::Array(MetaArray::from(&corrections[..])),
        ),
        ("aperture_ee", Meta::Array(MetaArray::from(&energies[..]))),
        ("aperture_radii", Meta::Array(MetaArray::from(&radii[..]))),
        ("bkg_aperture_inner_radius", Meta::Single(sky_radii.0)),
        ("bkg_aperture_outer_radius", Meta::Single(sky_radii.1)),
    ];
    let entries = entries.map(|(name, value)| (name.to_owned(), value));
    add("aperture_params", Meta::Map(entries.to_vec()));
    add("abvega_offset", Meta::Single(*vega_offset as f32));
    meta
}

/// A 64-bit column with a description.
fn reals(name: &str, values: Vec<f64>, description: &str) -> Column {
    Column::new(name, Values::F64(values)).described(description)
}

/// How values are shown.
fn set_format(column: &mut Column) {
    let name = column.name.as_str();
    let is_shape = matches!(
        name,
        "nn_dist"
            | "sharpness"
            | "roundness"
            | "semimajor_sigma"
            | "semiminor_sigma"
            | "ellipticity"
            | "orientation"
            | "sky_orientation"
    );
    let format = if name == "xcentroid" || name == "ycentroid" || name.contains("CI_") {
        ".4f"
    } else if name.contains("flux") {
        ".6e"
    } else if name.contains("abmag") || name.contains("vegamag") || is_shape {
        ".6f"
    } else {
        return;
    };
    column.format = Some(format.to_owned());
}

/// AB magnitudes of fluxes and their errors; NaN of negative fluxes.
fn magnitudes(fluxes: &[(f64, f64)]) -> Vec<(f64, f64)> {
    // Parity: without any error there is none of a magnitude.
    let has_errors = fluxes.iter().any(|(_, err)| !err.is_nan());
    let magnitude = |(flux, err): &(f64, f64)| {
        if *flux < 0.0 {
            return (f64::NAN, f64::NAN);
        }
        let error = if has_errors {
            2.5 * (1.0 + err / flux).log10()
        } else {
            f64::NAN
        };
        (-2.5 * flux.log10() + ZERO_POINT, error)
    };
    fluxes.iter().map(magnitude).collect()
}

fn positions(sources: &Sources, sky: &Sky) -> Result<Vec<Column>, StepError> {
    let positions = sources.positions();
    let count = positions.len();
    let label = match sources.kind {
        SourceList::Segments(_) => Values::I32((1..).take(count).collect()),
        _ => Values::I64((1..).take(count).collect()),
    };
    let (x, y) = positions.iter().copied().unzip();
    Ok(vec![
        Column::new("label", label).described("Unique source identification label number"),
        reals(
            "xcentroid",
            x,
            "X pixel value of the source centroid (0 indexed)",
        ),
        reals(
            "ycentroid",
            y,
            "Y pixel value of the source centroid (0 indexed)",
        ),
        Column::new("sky_centroid", Values::Sky(sky.of(&positions)?))
            .described("ICRS Sky coordinate of the source centroid"),
    ])
}

/// Fluxes and magnitudes in apertures.
fn aperture_columns(sources: &[Photometry], apertures: &Apertures) -> Vec<Column> {
    let sky = |value: fn(&Photometry) -> f64| sources.iter().map(value).collect();
    let mut columns = vec![
        reals(
            "aper_bkg_flux",
            sky(|source| source.sky.median),
            "The local background value calculated as the sigma-clipped median value in the background annulus aperture",
        )
        .quantity("Jy"),
        reals(
            "aper_bkg_flux_err",
            sky(|source| source.sky.error),
            "The standard error of the sigma-clipped median background value",
        )
        .quantity("Jy"),
    ];
    let fluxes: Vec<Vec<(f64, f64)>> = (0..3)
        .map(|aperture| {
            sources
                .iter()
                .map(|source| source.fluxes[aperture])
                .collect()
        })
        .collect();
    let correction = f64::from(apertures.corrections[2]);
    let total: Vec<(f64, f64)> = fluxes[2]
        .iter()
        .map(|(flux, err)| (correction * flux, correction * err))
        .collect();
    let mut apertures_of =
        |kind: &str,
         name: &str,
         unit: Option<&str>,
         values: &dyn Fn(&[WithError]) -> Vec<WithError>| {
            let capital = if kind == "flux" { "Flux" } else { name };
            for (energy, fluxes) in apertures.energies.iter().zip(&fluxes) {
                let circle = format!("within the {energy}% encircled energy circular aperture");
                columns.extend(pair(
                    &format!("aper{energy}_{kind}"),
                    &values(fluxes),
                    [
                        &format!("{capital} {circle}"),
                        &format!("{capital} error {circle}"),
                    ],
                    unit,
                ));
            }
            let based = format!(
                "based on the {}% encircled energy circular aperture; should be used only for unresolved sources.",
                apertures.energies[2]
            );
            columns.extend(pair(
                &format!("aper_total_{kind}"),
                &values(&total),
                [
                    &format!("Total aperture-corrected {name} {based}"),
                    &format!("Total aperture-corrected {name} error {based}"),
                ],
                unit,
            ));
        };
    let offset = apertures.vega_offset;
    apertures_of("flux", "flux", Some("Jy"), &<[(f64, f64)]>::to_vec);
    apertures_of("abmag", "AB magnitude", None, &magnitudes);
    apertures_of("vegamag", "Vega magnitude", None, &|fluxes| {
        let magnitudes = magnitudes(fluxes).into_iter();
        magnitudes
            .map(|(value, err)| (value - offset, err))
            .collect()
    });
    columns
}

/// A column and that of its errors.
fn pair(
    name: &str,
    values: &[(f64, f64)],
    descriptions: [&str; 2],
    unit: Option<&str>,
) -> [Column; 2] {
    let (values, errors) = values.iter().copied().unzip();
    let [description, of_error] = descriptions;
    let columns = [
        reals(name, values, description),
        reals(&format!("{name}_err"), errors, of_error),
    ];
    columns.map(|column| match unit {
        Some(unit) => column.quantity(unit),
        None => column,
    })
}

/// Concentration, peaks and neighbours.
fn extras(
    sources: &Sources,
    measured: &Measured,
    apertures: &Apertures,
    params: &SourceCatalogParams,
) -> Vec<Column> {
    let photometry = &measured.sources;
    let energies = apertures.energies;
    let ratio = |(small, large): (usize, usize)| -> Vec<f64> {
        let ratio = |source: &Photometry| source.fluxes[large].0 / source.fluxes[small].0;
        photometry.iter().map(ratio).collect()
    };
    let mut columns: Vec<Column> = [(0, 1), (1, 2), (0, 2)]
        .map(|(small, large)| {
            let (a, b) = (energies[small], energies[large]);
            let about = format!("Concentration index calculated as (aper{b}_flux / aper{a}_flux)");
            reals(&format!("CI_{b}_{a}"), ratio((small, large)), &about)
        })
        .into();
    let extended = ratio((0, 1))
        .iter()
        .zip(ratio((1, 2)))
        .map(|(first, second)| {
            *first > params.ci1_star_threshold && second > params.ci2_star_threshold
        })
        .collect();
    let sharpness = photometry.iter().map(|source| source.sharpness).collect();
    let roundness = photometry.iter().map(|source| source.roundness).collect();
    let (labels, distances) = neighbours(sources, measured);
    columns.extend([
        Column::new("is_extended", Values::Bool(extended))
            .described("Flag indicating whether the source is extended"),
        reals(
            "sharpness",
            sharpness,
            "The DAOFind source sharpness statistic",
        ),
        Column::new("roundness", Values::F32(roundness))
            .described("The DAOFind source roundness statistic"),
        Column::new("nn_label", labels).described("The label number of the nearest neighbor"),
        reals(
            "nn_dist",
            distances,
            "The distance in pixels to the nearest neighbor",
        )
        .quantity("pix"),
    ]);
    columns
}

/// Labels of the nearest neighbours and their distances; -1 and NaN for none.
fn neighbours(sources: &Sources, measured: &Measured) -> (Values, Vec<f64>) {
    let positions = sources.positions();
    let Some(nearest) = &measured.nearest else {
        return (Values::I64(vec![-1]), vec![f64::NAN]);
    };
    let found = positions
        .iter()
        .zip(nearest)
        .map(|((x, y), (other, distance))| {
            let has_position = x.is_finite() && y.is_finite();
            if has_position {
                (*other as i64 + 1, *distance)
            } else {
                (-1, f64::NAN)
            }
        });
    let (labels, distances): (Vec<i64>, Vec<f64>) = found.unzip();
    let labels = match sources.kind {
        SourceList::Segments(_) => Values::I32(labels.iter().map(|label| *label as i32).collect()),
        _ => Values::I64(labels),
    };
    (labels, distances)
}

const SEMIMAJOR: &str = "1-sigma standard deviation along the semimajor axis of the 2D Gaussian function that has the same second-order central moments as the source";
const SEMIMINOR: &str = "1-sigma standard deviation along the semiminor axis of the 2D Gaussian function that has the same second-order central moments as the source";
const ELLIPTICITY: &str =
    "1 minus the ratio of the 1-sigma lengths of the semimajor and semiminor axes";
const ORIENTATION: &str = "The angle (degrees) between the positive X axis and the major axis (increases counter-clockwise)";
const SKY_ORIENTATION: &str = "The position angle (degrees) from North of the major axis";

/// What the finder measured.
fn isophotal_columns(
    sources: &Sources,
    apertures: &Apertures,
    sky: &Sky,
) -> Result<Vec<Column>, StepError> {
    let mut columns = isophotal_fluxes(sources, apertures.vega_offset);
    let count = sources.positions().len();
    let unknown = |name: &str, about: &str| reals(name, vec![f64::NAN; count], about);
    let boxes = ["ll", "ul", "lr", "ur"].map(|corner| {
        let place = match corner {
            "ll" => "lower-left",
            "ul" => "upper-left",
            "lr" => "lower-right",
            _ => "upper-right",
        };
        let about = format!(
            "Sky coordinate of the {place} vertex of the minimal bounding box of the source"
        );
        (corner, format!("sky_bbox_{corner}"), about)
    });
    let SourceList::Segments(segments) = &sources.kind else {
        let orientation: Vec<f64> = match &sources.kind {
            SourceList::Iraf(stars) => stars.iter().map(|star| star.orientation_deg).collect(),
            _ => vec![f64::NAN; count],
        };
        let is_iraf = matches!(sources.kind, SourceList::Iraf(_));
        let on_sky = sky.orientations(&orientation);
        let orientation = reals("orientation", orientation, ORIENTATION);
        columns.extend([
            unknown("isophotal_area", "Isophotal area"),
            unknown("semimajor_sigma", SEMIMAJOR),
            unknown("semiminor_sigma", SEMIMINOR),
            unknown("ellipticity", ELLIPTICITY),
            if is_iraf {
                orientation.quantity("deg")
            } else {
                orientation
            },
            reals("sky_orientation", on_sky, SKY_ORIENTATION).quantity("deg"),
        ]);
        columns.extend(boxes.map(|(_, name, about)| unknown(&name, &about)));
        return Ok(columns);
    };
    let of =
        |value: fn(&SourceSegment) -> f64| -> Vec<f64> { segments.iter().map(value).collect() };
    let orientation = of(|segment| segment.properties.orientation_deg);
    let on_sky = sky.orientations(&orientation);
    columns.extend([
        reals(
            "isophotal_area",
            of(|s| s.properties.area),
            "Isophotal area",
        )
        .quantity("pix2"),
        reals(
            "semimajor_sigma",
            of(|s| s.properties.semimajor_sigma),
            SEMIMAJOR,
        )
        .quantity("pix"),
        reals(
            "semiminor_sigma",
            of(|s| s.properties.semiminor_sigma),
            SEMIMINOR,
        )
        .quantity("pix"),
        reals(
            "ellipticity",
            of(|s| s.properties.ellipticity()),
            ELLIPTICITY,
        )
        .quantity(""),
        reals("orientation", orientation, ORIENTATION).quantity("deg"),
        reals("sky_orientation", on_sky, SKY_ORIENTATION).quantity("deg"),
    ]);
    for (corner, name, about) in boxes {
        let at = |segment: &SourceSegment| {
            let [low_x, low_y, high_x, high_y] = segment.corners;
            match corner {
                "ll" => (low_x, low_y),
                "ul" => (low_x, high_y),
                "lr" => (high_x, low_y),
                _ => (high_x, high_y),
            }
        };
        let corners: Vec<(f64, f64)> = segments.iter().map(at).collect();
        let values = Values::Sky(sky.of(&corners)?);
        columns.push(Column::new(name, values).described(&about));
    }
    Ok(columns)
}

/// Flux and magnitudes of all pixels, with the precision that the finder has.
fn isophotal_fluxes(sources: &Sources, vega_offset: f64) -> Vec<Column> {
    let count = sources.positions().len();
    let is_single = matches!(sources.kind, SourceList::Dao(_));
    let errors: Option<Vec<f32>> = match &sources.kind {
        SourceList::Segments(segments) => {
            let err = |segment: &SourceSegment| segment.properties.flux_err;
            Some(segments.iter().map(err).collect())
        }
        _ => None,
    };
    let fluxes = sources.fluxes();
    let with_errors: Vec<(f64, f64)> = fluxes
        .iter()
        .enumerate()
        .map(|(index, flux)| {
            let err = errors
                .as_ref()
                .map_or(f64::NAN, |errors| f64::from(errors[index]));
            (*flux, err)
        })
        .collect();
    let narrow = |values: Vec<f64>| {
        if is_single {
            Values::F32(values.iter().map(|value| *value as f32).collect())
        } else {
            Values::F64(values)
        }
    };
    let flux = Column::new("isophotal_flux", narrow(fluxes)).quantity("Jy");
    let err = match errors {
        Some(errors) => Column::new("isophotal_flux_err", Values::F32(errors)).quantity("Jy"),
        None => Column::new("isophotal_flux_err", Values::F64(vec![f64::NAN; count])),
    };
    let (mags, mag_errs): (Vec<f64>, Vec<f64>) = magnitudes(&with_errors).into_iter().unzip();
    let vega = mags.iter().map(|value| value - vega_offset).collect();
    let column = |name: &str, values: Vec<f64>, about: &str| {
        Column::new(name, narrow(values)).described(about)
    };
    vec![
        flux.described("Isophotal flux"),
        err.described("Isophotal flux error"),
        column("isophotal_abmag", mags, "Isophotal AB magnitude"),
        column(
            "isophotal_abmag_err",
            mag_errs.clone(),
            "Isophotal AB magnitude error",
        ),
        column("isophotal_vegamag", vega, "Isophotal Vega magnitude"),
        column(
            "isophotal_vegamag_err",
            mag_errs,
            "Isophotal Vega magnitude error",
        ),
    ]
}

/// The image's place on the sky.
struct Sky {
    wcs: Arc<Wcs>,
    /// Angle of north from the direction of x at the reference pixel [degree].
    north_deg: f64,
}

impl Sky {
    fn new(meta: &Metadata) -> Result<Self, StepError> {
        let wcs = Arc::new(meta.require_wcs().map_err(metadata_error)?);
        let mut sky = Self {
            wcs,
            north_deg: f64::NAN,
        };
        let reference = |path| meta.require_number(path).map_err(metadata_error);
        let pixel = (
            reference("meta.wcsinfo.crpix1")? - 1.0,
            reference("meta.wcsinfo.crpix2")? - 1.0,
        );
        let [(ra, dec)] = sky.of(&[pixel])?[..] else {
            return Ok(sky);
        };
        let pixels = sky.wcs.invert(&[&[ra, ra], &[dec, dec + ARCSECOND_DEG]]);
        let pixels = pixels.map_err(StepError::algorithm)?;
        let (dx, dy) = (pixels[0][1] - pixels[0][0], pixels[1][1] - pixels[1][0]);
        sky.north_deg = dy.atan2(dx).to_degrees();
        Ok(sky)
    }

    /// Right ascension and declination of positions `(x, y)` [degree]; NaN off the image.
    fn of(&self, positions: &[(f64, f64)]) -> Result<Vec<(f64, f64)>, StepError> {
        let (x, y): (Vec<f64>, Vec<f64>) = positions.iter().copied().unzip();
        let world = self.wcs.evaluate(&[&x, &y]).map_err(StepError::algorithm)?;
        Ok(world[0]
            .iter()
            .copied()
            .zip(world[1].iter().copied())
            .collect())
    }

    /// Position angles of axes with these angles from the direction of x [degree].
    fn orientations(&self, angles_deg: &[f64]) -> Vec<f64> {
        let turned = |angle: &f64| (180.0 - self.north_deg + angle).rem_euclid(360.0);
        angles_deg.iter().map(turned).collect()
    }
}
