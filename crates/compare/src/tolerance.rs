//! How far two products may differ.

/// A value passes where `|ours - reference| <= absolute + relative * |reference|`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// In the unit of the array.
    pub absolute: f64,
    /// As a fraction of the reference's value.
    pub relative: f64,
}

impl Tolerance {
    /// A relative tolerance.
    pub const fn relative(relative: f64) -> Self {
        Self {
            absolute: 0.0,
            relative,
        }
    }

    /// The largest difference that passes beside a value of the reference.
    pub fn allowed(&self, reference: f64) -> f64 {
        self.relative.mul_add(reference.abs(), self.absolute)
    }
}

/// What a comparison of products tolerates and leaves out.
#[derive(Debug, Clone)]
pub struct ToleranceSpec {
    /// Of all real arrays and columns that are not named in `arrays`.
    pub default: Tolerance,
    /// Of HDUs by their name.
    pub arrays: Vec<(String, Tolerance)>,
    /// HDUs whose values are bits, compared exactly and bit by bit.
    pub bit_arrays: Vec<String>,
    /// Of numbers in headers and in the metadata tree.
    pub header: Tolerance,
    /// Of the coefficients of SIP polynomials there and of their errors, which are results of a fit.
    pub distortion: Tolerance,
    /// Of the positions that world coordinate systems give.
    pub wcs: Tolerance,
    /// Keywords that are not compared.
    pub ignored_keywords: Vec<String>,
    /// Paths of the metadata tree that are not compared, with all that is below them.
    pub ignored_paths: Vec<String>,
    /// Share of the values of an array or column that may be outside the tolerance.
    pub allowed_fraction: f64,
    /// Leave out headers and metadata; arrays, tables and world coordinate systems are compared.
    pub only_data: bool,
}

impl ToleranceSpec {
    /// Exposures of stages 1 and 2: 1e-5, variances 1e-4, quality exact; dates, versions and file names are not compared.
    pub fn exposures() -> Self {
        let variances = ["VAR_POISSON", "VAR_RNOISE", "VAR_FLAT"];
        Self {
            default: Tolerance::relative(1e-5),
            arrays: variances
                .map(|hdu| (hdu.to_string(), Tolerance::relative(1e-4)))
                .to_vec(),
            bit_arrays: ["DQ", "GROUPDQ", "PIXELDQ"].map(str::to_string).to_vec(),
            header: Tolerance::relative(1e-9),
            distortion: Tolerance::relative(1e-5),
            // 1e-6 arcsec.
            wcs: Tolerance {
                absolute: 2.8e-10,
                relative: 0.0,
            },
            ignored_keywords: IGNORED_KEYWORDS.map(str::to_string).to_vec(),
            ignored_paths: IGNORED_PATHS.map(str::to_string).to_vec(),
            allowed_fraction: 0.0,
            only_data: false,
        }
    }

    /// Everything exact, as after reading and writing; the date and the writer's version are not compared.
    pub fn exact() -> Self {
        let nothing = Tolerance::relative(0.0);
        Self {
            default: nothing,
            arrays: Vec::new(),
            header: nothing,
            distortion: nothing,
            wcs: nothing,
            ignored_keywords: IGNORED_STRUCTURE
                .iter()
                .chain(&["DATE", "FILENAME"])
                .map(ToString::to_string)
                .collect(),
            ignored_paths: ["meta.date", "meta.filename"].map(str::to_string).to_vec(),
            ..Self::exposures()
        }
    }

    /// The tolerance of a keyword, or of the last part of a path in the metadata tree.
    pub(super) fn of_number(&self, name: &str) -> Tolerance {
        let name = name.to_ascii_uppercase();
        let mut parts = name.split('_');
        let polynomial = matches!(parts.next(), Some("A" | "B" | "AP" | "BP"));
        let powers: Vec<bool> = parts.map(|power| power.parse::<u8>().is_ok()).collect();
        let error = matches!(name.as_str(), "SIPMXERR" | "SIPIVERR");
        if error || polynomial && powers == [true, true] {
            self.distortion
        } else {
            self.header
        }
    }

    /// The tolerance of an HDU.
    pub fn of(&self, hdu: &str) -> Tolerance {
        self.arrays
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(hdu))
            .map_or(self.default, |(_, tolerance)| *tolerance)
    }

    /// Whether an HDU holds bits.
    pub fn is_bits(&self, hdu: &str) -> bool {
        self.bit_arrays
            .iter()
            .any(|name| name.eq_ignore_ascii_case(hdu))
    }

    /// Whether a keyword is left out.
    pub fn ignores_keyword(&self, keyword: &str) -> bool {
        keyword.is_empty() || self.ignored_keywords.iter().any(|name| name == keyword)
    }

    /// Whether a path of the metadata tree, or one above it, is left out.
    pub fn ignores_path(&self, path: &str) -> bool {
        self.ignored_paths.iter().any(|ignored| {
            path.strip_prefix(ignored.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

/// Keywords that depend on when, where and by which release a product was made, or on the layout of the file.
const IGNORED_KEYWORDS: [&str; 23] = [
    "DATE", "CAL_VER", "CAL_VCS", "FILENAME", "CRDS_VER", "CRDS_CTX", "CHECKSUM", "DATASUM",
    "SDP_VER", "PRD_VER", "OSS_VER", "GSC_VER", "HISTORY", "COMMENT", "BZERO", "BSCALE", "PCOUNT",
    "GCOUNT", "XTENSION", "SIMPLE", "EXTEND", "ASNTABLE", "ASNPOOL",
];

/// Keywords of the layout alone; comments and history are compared by the tests that write them.
const IGNORED_STRUCTURE: [&str; 6] = ["SIMPLE", "EXTEND", "XTENSION", "PCOUNT", "GCOUNT", "EXTVER"];

/// The same as [`IGNORED_KEYWORDS`] in the metadata tree, with the log of the run.
const IGNORED_PATHS: [&str; 7] = [
    "meta.date",
    "meta.filename",
    "meta.calibration_software_version",
    "meta.calibration_software_revision",
    "meta.ref_file.crds",
    "meta.asn",
    "meta.prd_software_version",
];
