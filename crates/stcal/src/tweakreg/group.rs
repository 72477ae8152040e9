//! Groups of images, and the reference, with their sources.

use super::align::{Alignment, Image, ImageFit, Listener, Outcome, ReferenceSources};
use super::event::Event;
use super::fit::{LinearFit, MatchedPositions, fit};
use super::footprint;
use super::plane::{Correction, TangentPlane};
use super::{BoxError, TweakregError};
use crate::spherical_polygon::SphericalPolygon;

/// A source of a group.
#[derive(Debug, Clone, Copy)]
struct Source {
    /// Index of its image among the members of the group.
    member: usize,
    pixel: [f64; 2],
    sky: [f64; 2],
    plane: [f64; 2],
    weight: f64,
    /// False once it is found to have no place.
    valid: bool,
    matched: bool,
}

/// Images that move together.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) name: String,
    /// Indices of the images.
    pub(super) members: Vec<usize>,
    /// Regions that hold the sources of each image, and their union.
    pub(super) footprints: Vec<SphericalPolygon>,
    pub(super) footprint: SphericalPolygon,
    catalog: String,
    sources: Vec<Source>,
    weighted: bool,
}

/// A reference source.
#[derive(Debug, Clone, Copy)]
struct Known {
    sky: [f64; 2],
    plane: [f64; 2],
    weight: f64,
    valid: bool,
}

/// What groups are aligned with.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    pub(super) footprint: SphericalPolygon,
    catalog: String,
    sources: Vec<Known>,
    weighted: bool,
}

fn finite(point: [f64; 2]) -> bool {
    point.iter().all(|value| value.is_finite())
}

/// Transforms what is valid of some items, and marks what has no finite result.
fn transform<T>(
    items: &mut [T],
    valid: impl Fn(&mut T) -> &mut bool,
    from: impl Fn(&T) -> [f64; 2],
    set: impl Fn(&mut T, [f64; 2]),
    function: impl Fn(&[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError>,
) -> Result<(), TweakregError> {
    let mut used: Vec<&mut T> = items
        .iter_mut()
        .filter_map(|item| (*valid(item)).then_some(item))
        .collect();
    let inputs: Vec<[f64; 2]> = used.iter().map(|item| from(item)).collect();
    let outputs = function(&inputs).map_err(TweakregError::Wcs)?;
    for (item, output) in used.iter_mut().zip(outputs) {
        set(item, output);
        *valid(item) &= finite(output);
    }
    Ok(())
}

impl Group {
    pub(super) fn new<P: TangentPlane>(
        name: &str,
        members: Vec<usize>,
        images: &[Image<P>],
    ) -> Result<Self, TweakregError> {
        let filled: Vec<&Image<P>> = members
            .iter()
            .map(|member| &images[*member])
            .filter(|image| !image.sources.pixels.is_empty())
            .collect();
        let weighted = filled
            .first()
            .is_some_and(|image| image.sources.weights.is_some());
        if filled
            .iter()
            .any(|image| image.sources.weights.is_some() != weighted)
        {
            return Err(TweakregError::SomeWeights {
                group: name.to_string(),
            });
        }
        let names: Vec<&str> = filled
            .iter()
            .map(|image| image.sources.name.as_str())
            .collect();
        let mut group = Self {
            name: format!("GROUP ID: {name}"),
            footprints: Vec::new(),
            footprint: SphericalPolygon::default(),
            catalog: common_prefix(&names),
            sources: Vec::new(),
            weighted,
            members,
        };
        for (member, index) in group.members.iter().enumerate() {
            let image = &images[*index];
            let weights = image.sources.weights.as_deref();
            let sources = image
                .sources
                .pixels
                .iter()
                .enumerate()
                .map(|(index, pixel)| {
                    let weight = weights.map_or(1.0, |weights| {
                        weights.get(index).copied().unwrap_or(f64::NAN)
                    });
                    Source {
                        member,
                        pixel: *pixel,
                        sky: [f64::NAN; 2],
                        plane: [f64::NAN; 2],
                        weight,
                        valid: finite(*pixel) && weight.is_finite(),
                        matched: false,
                    }
                });
            group.sources.extend(sources);
            group
                .footprints
                .push(footprint::of_image(&image.plane, &image.sources.pixels)?);
        }
        group.footprint = footprint::union(&group.footprints);
        group.locate(images)?;
        Ok(group)
    }

    /// Computes where the sources are on the sky.
    fn locate<P: TangentPlane>(&mut self, images: &[Image<P>]) -> Result<(), TweakregError> {
        let mut rest = self.sources.as_mut_slice();
        for (member, index) in self.members.iter().enumerate() {
            let count = rest
                .iter()
                .take_while(|source| source.member == member)
                .count();
            let (own, others) = rest.split_at_mut(count);
            rest = others;
            let plane = &images[*index].plane;
            transform(
                own,
                |source| &mut source.valid,
                |source| source.pixel,
                |source, sky| source.sky = sky,
                |pixels| plane.sky_from_pixel(pixels),
            )?;
        }
        Ok(())
    }

    /// Aligns the images of the group with the reference.
    pub(super) fn align<P: TangentPlane>(
        &mut self,
        images: &mut [Image<P>],
        reference: &mut Reference,
        alignment: &Alignment,
        listener: &mut Listener<'_>,
    ) -> Result<Outcome, TweakregError> {
        let first = &images[self.members[0]];
        let plane = first.plane.clone();
        let center = match &first.outcome {
            Some(Outcome::Success(earlier)) => Some(earlier.linear.center),
            _ => None,
        };
        transform(
            &mut self.sources,
            |source| &mut source.valid,
            |source| source.sky,
            |source, place| source.plane = place,
            |sky| plane.plane_from_sky(sky),
        )?;
        reference.project(&plane)?;
        let pairs = self.match_with(reference, &plane, alignment, listener)?;
        if pairs.len() < alignment.minimum_matches {
            listener(Event::TooFewMatches {
                count: pairs.len(),
                group: &self.name,
                needed: alignment.minimum_matches,
            });
            return Ok(Outcome::Failed("not enough matches"));
        }
        let linear = self.fit(reference, &pairs, alignment, listener)?;
        let correction = Correction {
            matrix: linear.matrix,
            shift: linear.shift,
            center,
        };
        for member in &self.members {
            correction.apply(&plane, &mut images[*member].plane)?;
        }
        self.locate(images)?;
        Ok(Outcome::Success(Box::new(ImageFit {
            linear,
            matches: pairs.len(),
        })))
    }

    /// Pairs of indices, in the reference and in the group.
    fn match_with<P: TangentPlane>(
        &mut self,
        reference: &Reference,
        plane: &P,
        alignment: &Alignment,
        listener: &mut Listener<'_>,
    ) -> Result<Vec<(usize, usize)>, TweakregError> {
        let valid =
            |flags: Vec<bool>| -> Vec<usize> { (0..flags.len()).filter(|k| flags[*k]).collect() };
        let own = valid(self.sources.iter().map(|source| source.valid).collect());
        let known = valid(
            reference
                .sources
                .iter()
                .map(|source| source.valid)
                .collect(),
        );
        if own.is_empty() || known.is_empty() {
            return Ok(Vec::new());
        }
        let scale = plane.central_pixel_scale().map_err(TweakregError::Wcs)?;
        let image: Vec<[f64; 2]> = own.iter().map(|index| self.sources[*index].plane).collect();
        let positions: Vec<[f64; 2]> = known
            .iter()
            .map(|index| reference.sources[*index].plane)
            .collect();
        listener(Event::Matching {
            image: &self.catalog,
            reference: &reference.catalog,
        });
        let matches = alignment
            .matching
            .find(&image, &positions, scale.unwrap_or(1.0))?;
        if let Some(offset) = matches.offset {
            listener(Event::OffsetFound {
                offset,
                search_radius: alignment.matching.search_radius,
            });
        }
        for (_, index) in &matches.pairs {
            self.sources[own[*index]].matched = true;
        }
        listener(Event::Matched {
            count: matches.pairs.len(),
            group: &self.name,
        });
        let pairs = matches.pairs.iter().map(|(a, b)| (known[*a], own[*b]));
        Ok(pairs.collect())
    }

    fn fit(
        &self,
        reference: &Reference,
        pairs: &[(usize, usize)],
        alignment: &Alignment,
        listener: &mut Listener<'_>,
    ) -> Result<LinearFit, TweakregError> {
        let of_reference = pairs.iter().map(|(index, _)| &reference.sources[*index]);
        let of_group = pairs.iter().map(|(_, index)| &self.sources[*index]);
        let reference_weights: Vec<f64> =
            of_reference.clone().map(|source| source.weight).collect();
        let image_weights: Vec<f64> = of_group.clone().map(|source| source.weight).collect();
        let positions = MatchedPositions {
            reference: &of_reference.map(|source| source.plane).collect::<Vec<_>>(),
            image: &of_group.map(|source| source.plane).collect::<Vec<_>>(),
            reference_weights: reference.weighted.then_some(&reference_weights),
            image_weights: self.weighted.then_some(&image_weights),
        };
        if pairs.len() == alignment.geometry.fewest() {
            listener(Event::ClippingOff);
        }
        listener(Event::Fitting {
            geometry: alignment.geometry,
        });
        let linear = fit(&positions, alignment.geometry, &alignment.clipping)?;
        listener(Event::Fitted {
            group: &self.name,
            fit: &linear,
        });
        Ok(linear)
    }
}

impl Reference {
    pub(super) fn new(reference: &ReferenceSources) -> Result<Self, TweakregError> {
        let weights = reference.weights.as_deref();
        let sources = reference.sky.iter().enumerate().map(|(index, sky)| {
            let weight = weights.map_or(1.0, |weights| {
                weights.get(index).copied().unwrap_or(f64::NAN)
            });
            Known {
                sky: *sky,
                plane: [f64::NAN; 2],
                weight,
                valid: finite(*sky) && weight.is_finite(),
            }
        });
        Self::of(reference.name.clone(), sources.collect(), weights.is_some())
    }

    /// The sources of a group as reference.
    pub(super) fn of_group(group: &Group) -> Result<Self, TweakregError> {
        let sources = group.sources.iter().map(known).collect();
        Self::of(group.catalog.clone(), sources, group.weighted)
    }

    fn of(catalog: String, sources: Vec<Known>, weighted: bool) -> Result<Self, TweakregError> {
        let mut reference = Self {
            footprint: SphericalPolygon::default(),
            catalog,
            sources,
            weighted,
        };
        reference.outline()?;
        Ok(reference)
    }

    fn outline(&mut self) -> Result<(), TweakregError> {
        let valid = self.sources.iter().filter(|source| source.valid);
        let sky: Vec<[f64; 2]> = valid.map(|source| source.sky).collect();
        self.footprint = footprint::of_directions(&sky).ok_or(TweakregError::NoValidReference)?;
        Ok(())
    }

    fn project<P: TangentPlane>(&mut self, plane: &P) -> Result<(), TweakregError> {
        transform(
            &mut self.sources,
            |source| &mut source.valid,
            |source| source.sky,
            |source, place| source.plane = place,
            |sky| plane.plane_from_sky(sky),
        )
    }

    /// Takes in the sources of a group that were not matched, and says how many there were.
    pub(super) fn expand(&mut self, group: &Group) -> Result<usize, TweakregError> {
        let unmatched = group.sources.iter().filter(|source| !source.matched);
        let before = self.sources.len();
        self.sources.extend(unmatched.map(known));
        // Sources without a weight among others that have one weigh 1.
        self.weighted |= group.weighted;
        // Parity: in tweakwcs the name of the catalogue is that of the last one that came in.
        self.catalog.clone_from(&group.catalog);
        self.outline()?;
        Ok(self.sources.len() - before)
    }
}

fn known(source: &Source) -> Known {
    Known {
        sky: source.sky,
        plane: [f64::NAN; 2],
        weight: source.weight,
        valid: source.valid,
    }
}

/// What all names begin with.
fn common_prefix(names: &[&str]) -> String {
    let Some((first, others)) = names.split_first() else {
        return String::new();
    };
    let mut prefix: Vec<char> = first.chars().collect();
    for other in others {
        let same = prefix
            .iter()
            .zip(other.chars())
            .take_while(|(a, b)| **a == *b)
            .count();
        prefix.truncate(same);
    }
    prefix.into_iter().collect()
}
