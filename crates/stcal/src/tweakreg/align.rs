//! Alignment of groups, one after the other.

use super::event::Event;
use super::fit::{Clipping, Geometry, LinearFit};
use super::group::{Group, Reference};
use super::matching::Matching;
use super::plane::TangentPlane;
use super::{TweakregError, footprint};

/// Sources of an image.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sources {
    /// Name of the catalogue.
    pub name: String,
    /// Pixels (x, y) counted from 0; what is not finite is no source.
    pub pixels: Vec<[f64; 2]>,
    /// Weights in fits.
    pub weights: Option<Vec<f64>>,
}

/// Sources whose places on the sky are known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReferenceSources {
    /// Name of the catalogue.
    pub name: String,
    /// Right ascension and declination \[deg\]; what is not finite is no source.
    pub sky: Vec<[f64; 2]>,
    /// Weights in fits.
    pub weights: Option<Vec<f64>>,
}

/// An image to be aligned.
#[derive(Debug, Clone, PartialEq)]
pub struct Image<P> {
    /// Its world coordinates.
    pub plane: P,
    /// Its sources.
    pub sources: Sources,
    /// Images of one group move together.
    pub group: String,
    /// How it fared; none before it was tried.
    pub outcome: Option<Outcome>,
}

/// How an image fared.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Its sources were the reference.
    Reference,
    /// It is aligned.
    Success(Box<ImageFit>),
    /// It is as it was.
    Failed(&'static str),
}

/// The fit that aligned an image.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageFit {
    /// The fit, in the plane of the first image of the group.
    pub linear: LinearFit,
    /// Matches that it began with.
    pub matches: usize,
}

/// How images are aligned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alignment {
    /// How sources are matched.
    pub matching: Matching,
    /// What fits adjust.
    pub geometry: Geometry,
    /// What fits leave out.
    pub clipping: Clipping,
    /// Fewest matches for a fit.
    pub minimum_matches: usize,
    /// Groups are aligned in the order in which they come, not in that of their overlap with the reference.
    pub keep_order: bool,
    /// Sources of aligned groups join the reference. Without it groups keep their order.
    pub expand: bool,
}

/// What happens is told to this.
pub(super) type Listener<'a> = dyn FnMut(Event<'_>) + 'a;

/// Aligns groups of images with a reference, or with one of them.
///
/// Source: tweakwcs 0.9.3 `imalign.align_wcs`.
pub(super) fn align<P: TangentPlane>(
    images: &mut [Image<P>],
    reference: Option<&ReferenceSources>,
    alignment: &Alignment,
    listener: &mut Listener<'_>,
) -> Result<(), TweakregError> {
    alignment.matching.check()?;
    for image in images.iter_mut() {
        image
            .outcome
            .get_or_insert(Outcome::Failed("Unknown error"));
    }
    let mut waiting = groups(images, listener)?;
    let fewest = if reference.is_some() { 1 } else { 2 };
    if waiting.len() < fewest {
        return Err(TweakregError::TooFewGroups { what: "" });
    }
    let keep_order = alignment.keep_order || !alignment.expand;
    let (mut reference, mut next) = if let Some(sources) = reference {
        let reference = Reference::new(sources)?;
        let next = take_next(&reference, &mut waiting, keep_order);
        (reference, next)
    } else {
        let (first, second, area) = take_pair(&mut waiting, keep_order);
        listener(Event::ReferenceSelected { group: &first.name });
        for member in &first.members {
            images[*member].outcome = Some(Outcome::Reference);
        }
        (Reference::of_group(&first)?, Some((second, area)))
    };
    while let Some((mut group, area)) = next {
        listener(Event::Aligning { group: &group.name });
        let outcome = group.align(images, &mut reference, alignment, listener)?;
        if alignment.expand {
            match &outcome {
                Outcome::Failed(reason) if area.is_some_and(|area| area != 0.0) => {
                    listener(Event::NotExpanded {
                        group: &group.name,
                        reason,
                    });
                }
                _ => {
                    let count = reference.expand(&group)?;
                    listener(Event::Expanded {
                        count,
                        group: &group.name,
                    });
                }
            }
        }
        for member in &group.members {
            images[*member].outcome = Some(outcome.clone());
        }
        next = take_next(&reference, &mut waiting, keep_order);
    }
    Ok(())
}

/// The groups that have sources, in order of their first images.
fn groups<P: TangentPlane>(
    images: &mut [Image<P>],
    listener: &mut Listener<'_>,
) -> Result<Vec<Group>, TweakregError> {
    let mut members: Vec<(String, Vec<usize>)> = Vec::new();
    for (index, image) in images.iter().enumerate() {
        match members.iter_mut().find(|(name, _)| *name == image.group) {
            Some((_, members)) => members.push(index),
            None => members.push((image.group.clone(), vec![index])),
        }
    }
    let mut groups = Vec::new();
    for (name, members) in members {
        if members
            .iter()
            .all(|member| images[*member].sources.pixels.is_empty())
        {
            listener(Event::EmptyGroup { group: &name });
            for member in members {
                images[member].outcome = Some(Outcome::Failed("empty source catalog"));
            }
        } else {
            groups.push(Group::new(&name, members, images)?);
        }
    }
    Ok(groups)
}

/// A group and, where it was computed, the area of its overlap with the reference.
type Next = (Group, Option<f64>);

/// The group that overlaps the reference most.
fn take_next(reference: &Reference, waiting: &mut Vec<Group>, keep_order: bool) -> Option<Next> {
    if waiting.is_empty() {
        return None;
    }
    if keep_order {
        return Some((waiting.remove(0), None));
    }
    let areas: Vec<f64> = waiting
        .iter()
        .map(|group| {
            footprint::overlap(std::slice::from_ref(&reference.footprint), &group.footprint)
        })
        .collect();
    let best = first_largest(&areas);
    Some((waiting.remove(best), Some(areas[best])))
}

/// The two groups that overlap most; the first one is that which overlaps the others more.
///
/// There are at least two groups.
fn take_pair(waiting: &mut Vec<Group>, keep_order: bool) -> (Group, Group, Option<f64>) {
    let overlap = |a: &Group, b: &Group| footprint::overlap(&a.footprints, &b.footprint);
    let count = waiting.len();
    if count == 2 || keep_order {
        let second = waiting.remove(1);
        let first = waiting.remove(0);
        let area = overlap(&first, &second);
        return (first, second, Some(area));
    }
    let mut areas = vec![0.0; count * count];
    for i in 0..count {
        for j in i + 1..count {
            let area = overlap(&waiting[i], &waiting[j]);
            areas[i * count + j] = area;
            areas[j * count + i] = area;
        }
    }
    let best = first_largest(&areas);
    let sum = |index: usize| {
        areas[index * count..(index + 1) * count]
            .iter()
            .sum::<f64>()
    };
    let (mut i, mut j) = (best / count, best % count);
    if sum(i) < sum(j) {
        (i, j) = (j, i);
    }
    let (low, high) = (waiting.remove(i.max(j)), waiting.remove(i.min(j)));
    let (first, second) = if i > j { (low, high) } else { (high, low) };
    // The others in order of their overlap with the first: the order tells where later overlaps are equal.
    let mut rest: Vec<(f64, Group)> = (0..count)
        .filter(|k| *k != i && *k != j)
        .map(|k| areas[i * count + k])
        .zip(waiting.drain(..))
        .collect();
    rest.reverse();
    rest.sort_by(|a, b| b.0.total_cmp(&a.0));
    waiting.extend(rest.into_iter().map(|(_, group)| group));
    (first, second, Some(areas[best]))
}

fn first_largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}
