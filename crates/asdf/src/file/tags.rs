//! Versions of tags that belong to a version of the standard.
//!
//! Tags of the core, of transforms, units and times, of gwcs and of astropy have one version in the standards up to 1.5
//! and another one in 1.6.
//!
//! # Source
//! The manifests of `asdf-standard` 1.5, `asdf-transform-schemas` 0.6, `asdf-wcs-schemas` 0.5 and `asdf-astropy` 0.11.

use crate::{Node, Version};

/// Names of tags below a prefix that change from one version to another with standard 1.6.
struct Group {
    prefix: &'static str,
    until_1_5: &'static str,
    from_1_6: &'static str,
    names: &'static [&'static str],
}

#[rustfmt::skip]
const GROUPS: &[Group] = &[
    Group {
        prefix: "tag:stsci.edu:asdf/transform/",
        until_1_5: "1.2.0",
        from_1_6: "1.4.0",
        names: &[
            "add", "airy", "cobe_quad_spherical_cube", "compose", "concatenate", "divide", "fix_inputs",
            "gnomonic", "hammer_aitoff", "healpix", "healpix_polar", "identity", "mercator", "molleweide",
            "multiply", "parabolic", "plate_carree", "polyconic", "power", "quad_spherical_cube",
            "sanson_flamsteed", "scale", "shift", "slant_orthographic", "slant_zenithal_perspective",
            "stereographic", "subtract", "tabular", "tangential_spherical_cube", "zenithal_equal_area",
            "zenithal_equidistant",
        ],
    },
    Group {
        prefix: "tag:stsci.edu:asdf/transform/",
        until_1_5: "1.0.0",
        from_1_6: "1.2.0",
        names: &[
            "airy_disk2d", "arccosine1d", "arcsine1d", "arctangent1d", "blackbody", "box1d", "box2d",
            "broken_power_law1d", "cosine1d", "disk2d", "drude1d", "ellipse2d", "exponential1d",
            "exponential_cutoff_power_law1d", "gaussian1d", "gaussian2d", "king_projected_analytic1d",
            "linear1d", "log_parabola1d", "logarithmic1d", "lorentz1d", "math_functions", "moffat1d",
            "moffat2d", "multiplyscale", "ortho_polynomial", "planar2d", "plummer1d", "power_law1d",
            "property/bounding_box", "property/compound_bounding_box", "redshift_scale_factor",
            "ricker_wavelet1d", "ricker_wavelet2d", "ring2d", "rotate_sequence_3d", "schechter1d",
            "sersic1d", "sersic2d", "sine1d", "smoothly_broken_power_law1d", "spline1d", "tangent1d",
            "trapezoid1d", "trapezoid_disk2d", "voigt1d",
        ],
    },
    Group {
        prefix: "tag:stsci.edu:asdf/transform/",
        until_1_5: "1.4.0",
        from_1_6: "1.6.0",
        names: &[
            "constant",
        ],
    },
    Group {
        prefix: "tag:stsci.edu:asdf/transform/",
        until_1_5: "1.3.0",
        from_1_6: "1.5.0",
        names: &[
            "affine", "bonne_equal_area", "conic_equal_area", "conic_equidistant", "conic_orthomorphic",
            "conic_perspective", "cylindrical_equal_area", "cylindrical_perspective", "remap_axes",
            "rotate2d", "rotate3d", "zenithal_perspective",
        ],
    },
    Group {
        prefix: "tag:stsci.edu:asdf/transform/",
        until_1_5: "1.2.0",
        from_1_6: "1.3.0",
        names: &[
            "polynomial",
        ],
    },
    Group {
        prefix: "tag:astropy.org:astropy/",
        until_1_5: "1.0.0",
        from_1_6: "1.2.0",
        names: &[
            "fits/fits", "time/timedelta", "transform/units_mapping", "units/equivalency",
        ],
    },
    Group {
        prefix: "tag:astropy.org:astropy/",
        until_1_5: "1.0.0",
        from_1_6: "1.1.0",
        names: &[
            "units/magunit", "wcs/slicedwcs",
        ],
    },
    Group {
        prefix: "tag:stsci.edu:asdf/",
        until_1_5: "1.0.0",
        from_1_6: "1.2.0",
        names: &[
            "fits/fits",
        ],
    },
    Group {
        prefix: "tag:stsci.edu:asdf/",
        until_1_5: "1.1.0",
        from_1_6: "1.4.0",
        names: &[
            "time/time",
        ],
    },
    Group {
        prefix: "tag:astropy.org:astropy/",
        until_1_5: "1.1.0",
        from_1_6: "1.3.0",
        names: &[
            "table/table",
        ],
    },
    Group {
        prefix: "tag:stsci.edu:asdf/",
        until_1_5: "1.1.0",
        from_1_6: "1.3.0",
        names: &[
            "unit/quantity",
        ],
    },
    Group {
        prefix: "tag:stsci.edu:gwcs/",
        until_1_5: "1.0.0",
        from_1_6: "1.2.0",
        names: &[
            "celestial_frame", "frame", "frame2d", "spectral_frame", "temporal_frame",
        ],
    },
    Group {
        prefix: "tag:stsci.edu:gwcs/",
        until_1_5: "1.1.0",
        from_1_6: "1.3.0",
        names: &[
            "direction_cosines", "grating_equation", "label_mapper", "regions_selector", "sellmeier_glass",
            "sellmeier_zemax", "snell3d", "spherical_cartesian", "step",
        ],
    },
    Group {
        prefix: "tag:stsci.edu:gwcs/",
        until_1_5: "1.2.0",
        from_1_6: "1.4.0",
        names: &[
            "wcs",
        ],
    },
];

/// Tags that have another name since standard 1.6.
const RENAMED: [[&str; 2]; 2] = [
    [
        "tag:stsci.edu:asdf/core/column-1.0.0",
        "tag:stsci.edu:asdf/table/column-1.2.0",
    ],
    [
        "tag:stsci.edu:asdf/core/table-1.0.0",
        "tag:stsci.edu:asdf/table/table-1.2.0",
    ],
];

const STANDARD_1_6: Version = Version::new(1, 6, 0);

/// Gives tags that belong to the standard `from`, or to 1.6, the version that belongs to the standard `to`. Tags of other
/// versions, and tags that are not known here, are left alone.
pub(super) fn retag(tree: &mut Node, from: Version, to: Version) {
    let older = to < STANDARD_1_6;
    if !older && (from >= STANDARD_1_6 || to > Version::LATEST) {
        return;
    }
    tree.walk_mut(&mut |node| {
        let Node::Tagged(tagged) = node else { return };
        if let Some(tag) = replacement(&tagged.tag, older) {
            tagged.tag = tag;
        }
    });
}

fn replacement(tag: &str, older: bool) -> Option<String> {
    let direction = |[old, new]: [&'static str; 2]| if older { (new, old) } else { (old, new) };
    for pair in RENAMED {
        let (now, then) = direction(pair);
        if tag == now {
            return Some(then.to_owned());
        }
    }
    let (stem, version) = tag.rsplit_once('-')?;
    GROUPS.iter().find_map(|group| {
        let (now, then) = direction([group.until_1_5, group.from_1_6]);
        let name = stem.strip_prefix(group.prefix)?;
        (version == now && group.names.contains(&name)).then(|| format!("{stem}-{then}"))
    })
}
