//! Coordinate frames: what the numbers between two transforms mean.

/// A frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// One frame.
    Single(CoordinateFrame),
    /// Several frames side by side, such as the sky and a spectrum.
    Composite {
        /// Its name.
        name: String,
        /// The frames. Their axes are told apart by [`CoordinateFrame::axes_order`].
        frames: Vec<CoordinateFrame>,
    },
    /// A name without meaning.
    Named(String),
}

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// Of any kind; see [`CoordinateFrame::axes_types`].
    Generic,
    /// A plane, such as that of a detector.
    Plane,
    /// Directions on the sky.
    Celestial,
    /// Wavelengths, frequencies or energies.
    Spectral,
    /// Times.
    Temporal,
    /// Polarisations.
    Stokes,
}

/// One frame.
#[derive(Debug, Clone, PartialEq)]
pub struct CoordinateFrame {
    /// What it is for.
    pub kind: FrameKind,
    /// Its name.
    pub name: String,
    /// Which coordinates of the whole, counted from 0, are its axes.
    pub axes_order: Vec<usize>,
    /// Names of the axes.
    pub axes_names: Vec<String>,
    /// Kinds of the axes, as `SPATIAL`; only of a generic frame.
    pub axes_types: Vec<String>,
    /// Units of the axes, as the VO writes them.
    pub units: Vec<String>,
    /// Physical types of the axes, as `pos.eq.ra`.
    pub physical_types: Vec<String>,
    /// The system that directions or times refer to.
    pub reference: Option<Reference>,
}

/// A reference system.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Its name, as `icrs`.
    pub system: String,
    /// Its properties as they are in the file.
    #[cfg(feature = "asdf")]
    pub node: Option<asdf::Node>,
}

impl Frame {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Single(frame) => &frame.name,
            Self::Composite { name, .. } | Self::Named(name) => name,
        }
    }

    /// The frames that it is made of.
    pub fn parts(&self) -> &[CoordinateFrame] {
        match self {
            Self::Single(frame) => std::slice::from_ref(frame),
            Self::Composite { frames, .. } => frames,
            Self::Named(_) => &[],
        }
    }

    /// The coordinates, counted from 0, that are longitude and latitude on the sky.
    pub fn sky_axes(&self) -> Option<[usize; 2]> {
        self.parts().iter().find_map(|frame| {
            let sky = frame.kind == FrameKind::Celestial;
            match frame.axes_order.as_slice() {
                [lon, lat, ..] if sky => Some([*lon, *lat]),
                _ => None,
            }
        })
    }
}

impl CoordinateFrame {
    /// A plane of pixels, with axes x and y.
    pub fn pixels(name: impl Into<String>) -> Self {
        Self {
            kind: FrameKind::Plane,
            name: name.into(),
            axes_order: vec![0, 1],
            axes_names: strings(&["x", "y"]),
            axes_types: Vec::new(),
            units: strings(&["pixel", "pixel"]),
            physical_types: strings(&["custom:x", "custom:y"]),
            reference: None,
        }
    }

    /// Right ascension and declination \[deg\] in the ICRS.
    pub fn icrs(name: impl Into<String>) -> Self {
        Self {
            kind: FrameKind::Celestial,
            name: name.into(),
            axes_order: vec![0, 1],
            axes_names: strings(&["lon", "lat"]),
            axes_types: Vec::new(),
            units: strings(&["deg", "deg"]),
            physical_types: strings(&["pos.eq.ra", "pos.eq.dec"]),
            reference: Some(Reference {
                system: "icrs".to_string(),
                #[cfg(feature = "asdf")]
                node: None,
            }),
        }
    }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}
