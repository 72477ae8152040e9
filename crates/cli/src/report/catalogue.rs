//! Every error that the libraries can give, with a code that stays and what the user may do about it.
//!
//! The libraries know nothing of this: errors are found by their types in the chain of causes. A new variant of an enum does not compile
//! before it has a line here; a new error type fails a test (`cargo xtask docs --check`). The table of the book is made from [`all`].

use std::error::Error;

use asdf::Error as AsdfError;
use associations::AssociationError;
use crds::literal::SyntaxError;
use crds::{
    ContextError, Error as CrdsError, MappingError, NetworkError, ObservatoryError, SettingError,
};
use datamodels::DataModelError;
use drizzle::DrizzleError;
use gwcs::convert::ConvertError;
use gwcs::fits::FitsError;
use gwcs::mosaic::MosaicError;
use gwcs::{TransformError, WcsError};
use pipelines::detector1::RampTooLarge;
use pipelines::image3::{MixedInstruments, TooLittleMemory};
use quicklook::QuicklookError;
use stcal::clean_flicker_noise::{CleanError, NoMesh};
use stcal::dark::DarkError;
use stcal::emicorr::EmiError;
use stcal::irs2::Irs2Error;
use stcal::jump::JumpError;
use stcal::linearity::{CoefficientError, ReadLevelError};
use stcal::picture_frame::PictureFrameError;
use stcal::ramp_fit::{NothingToFit, RampFitError};
use stcal::read_pattern::ReadPatternError;
use stcal::refpix::{ReadoutAxesError, RefpixError, SirsError};
use stcal::shape::ShapeError;
use stcal::source_finding::KernelError;
use stcal::source_finding::background::BackgroundError;
use stcal::spherical_polygon::PolygonError;
use stcal::tweakreg::TweakregError;
use steps::tweakreg::ServiceError;
use stpipe::config::{IniError, TreeError};
use stpipe::lock::{LockError, WrongText};
use stpipe::{ConfigError, ParamError, RunError, StepError, TextError};

/// What is known of a kind of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// A name that stays from version to version.
    pub code: &'static str,
    /// Crate, type and variant, as `stpipe::ConfigError::UnknownStep`.
    pub kind: &'static str,
    /// What the user may do about it.
    pub hint: &'static str,
    /// It says what was being done; the cause, if that is known, says more.
    pub wraps: bool,
}

/// What is known of an error; nothing of those that are only texts, or of other libraries.
pub fn known(error: &(dyn Error + 'static)) -> Option<&'static Known> {
    find(error)
}

/// Makes `find` and `all` of a table: for each type its variants, each with code and hint; variants that only pass an error
/// on name it after an arrow; `_` stands for variants that enums of other crates may get.
macro_rules! catalogue {
    ($(
        $home:literal $type:ident {
            $( $variant:ident $code:literal $($wraps:ident)? : $hint:expr; )*
            $( -> $outer:ident ($inner:ident) => $error:expr; )*
            $( _ => $nothing:expr; )?
        }
    )* ; $( $struct_home:literal $struct:ident $struct_code:literal: $struct_hint:expr; )*) => {
        fn find(error: &(dyn Error + 'static)) -> Option<&'static Known> {
            $(if let Some(error) = error.downcast_ref::<$type>() {
                return match error {
                    $( $type::$variant { .. } => Some(&Known {
                        code: $code,
                        kind: concat!($home, "::", stringify!($variant)),
                        hint: $hint,
                        wraps: catalogue!(@wraps $($wraps)?),
                    }), )*
                    $( $type::$outer($inner) => find($error), )*
                    $( _ => $nothing, )?
                };
            })*
            $(if error.is::<$struct>() {
                return Some(&Known { code: $struct_code, kind: $struct_home, hint: $struct_hint, wraps: false });
            })*
            None
        }

        /// Everything that is known, in the order of the table.
        pub fn all() -> &'static [Known] {
            &[
                $( $( Known {
                    code: $code,
                    kind: concat!($home, "::", stringify!($variant)),
                    hint: $hint,
                    wraps: catalogue!(@wraps $($wraps)?),
                }, )* )*
                $( Known { code: $struct_code, kind: $struct_home, hint: $struct_hint, wraps: false }, )*
            ]
        }

        /// Variants that pass another error on, which has a line of its own: crate, type and variant.
        pub fn transparent() -> &'static [&'static str] {
            &[ $( $( concat!($home, "::", stringify!($outer)), )* )* ]
        }
    };
    (@wraps) => { false };
    (@wraps wraps) => { true };
}

const OPTIONS: &str = "`jwst params STEP` lists the parameters of a step or pipeline.";
const REFERENCE: &str = "`--override_<type>=FILE` replaces a reference file, `--override_<type>=N/A` does without; \
                         in a pipeline write `--steps.<name>.override_<type>`.";
const OUTPUT: &str = "`--output_dir=DIR` saves the products elsewhere.";
const CACHE: &str = "`jwst crds verify` finds what is damaged in the cache, `jwst crds sync` fetches what is missing.";
const BESTREFS: &str =
    "`jwst crds bestrefs FILE --why` says which reference is selected, and by which keywords.";
const FIT: &str = "The reference does not fit the exposure: `jwst crds bestrefs FILE --why` says why it was selected; \
     `--steps.<name>.override_<type>=FILE` takes another.";
const SKIP: &str = "`--steps.<name>.skip=true` goes without the step.";
const EXPOSURE: &str =
    "Make the file anew from its raw exposure, or fetch it again from the archive.";
const WCS: &str =
    "Make the world coordinate system anew: `strun assign_wcs FILE`, or calwebb_image2.";
const BUG: &str = "This should not happen: please report it with the command and the log.";
const NOTHING_LEFT: &str =
    "Look at the data quality of the exposure: `--steps.<name>.skip=true` goes without the step.";
const SERVER: &str = "CRDS_SERVER_URL names the server, HTTPS_PROXY a proxy; without the server, CRDS_PATH must hold all that is needed: \
                      `jwst crds bundle` packs it on a machine with a connection.";
const ALIGN: &str = "`jwst params tweakreg` lists what decides about sources and matches: snr_threshold, searchrad, tolerance, minobj; \
                     `--steps.tweakreg.skip=true` goes without.";

catalogue! {
    "stpipe::RunError" RunError {
        Step "run-step" wraps: "The step and the file are named above; `--steps.<name>.skip=true` goes without the step.";
        NoSuchStep "run-no-such-step": BUG;
        Input "run-input" wraps: "The input must be an exposure or an association that the step takes: `strun STEP --help`.";
        InputCount "run-input-count": "Several exposures of one product go into an association: `asn_from_list -o asn.json --product-name NAME FILES`.";
        Selection "run-selection" wraps: "CRDS_PATH must name a CRDS cache; CRDS_CONTEXT may choose a context. \
             `--override_<type>=FILE` replaces a reference file.";
        MissingReference "run-missing-reference": REFERENCE;
        ReferenceFile "run-reference-file": REFERENCE;
        Directory "run-output-directory": OUTPUT;
        Save "run-save": OUTPUT;
        -> Config(error) => error;
        -> Parameter(error) => error;
    }
    "stpipe::ConfigError" ConfigError {
        Unreadable "config-unreadable" wraps: "A parameter file is ASDF or INI text; `strun STEP --save-parameters FILE` writes one to start from.";
        Unavailable "config-unavailable" wraps: "`--disable-crds-steppars` takes no parameters from CRDS; `jwst crds sync FILE` fetches them.";
        Value "config-value" wraps: OPTIONS;
        UnknownStep "config-unknown-step": OPTIONS;
        Hooks "config-hooks": "Remove `pre_hooks` and `post_hooks`, and call those programs yourself before or after.";
        NoSuchFile "config-no-such-file": "Paths in a parameter file begin at its directory, those of the command line at the current one.";
    }
    "stpipe::ParamError" ParamError {
        Value "parameter-value": "`jwst params STEP` shows the kind and limits of each parameter.";
        Unknown "parameter-unknown": OPTIONS;
    }
    "stpipe::StepError" StepError {
        Input "step-input": "The input lacks what the step needs: run the steps before it, or the pipeline; `jwst steps` lists them.";
        Reference "step-reference" wraps: FIT;
        -> Parameter(error) => error;
        -> Algorithm(error) => &**error;
    }
    "stpipe::config::TreeError" TreeError {
        Node "parameter-file-node": "`strun STEP --save-parameters FILE` writes a file to compare with.";
        -> Asdf(error) => error;
    }
    "stpipe::lock::LockError" LockError {
        File "lock-file": "The files that a lock names must be there; inputs are told apart by their names.";
        Text "lock-text" wraps: "A lock is written by `strun ... --lock FILE`; do not edit it.";
        Differs "lock-differs": "Give what the lock holds, or write a new lock: run without `--locked`.";
        -> Write(error) => error;
    }
    "stpipe::lock::WrongText" WrongText {
        Form "lock-form": "A lock is written by `strun ... --lock FILE`; one of another version cannot be read.";
        Entry "lock-entry": "A lock is written by `strun ... --lock FILE`; do not edit it.";
    }
    "associations::AssociationError" AssociationError {
        Unreadable "association-unreadable" wraps: "Give the path of an association file, or of an exposure.";
        TooLarge "association-too-large": "An association of ten thousand exposures has two million bytes; this may be the wrong file.";
        NotJson "association-not-json" wraps: "Associations are JSON files; `asn_from_list` makes them.";
        Content "association-content": "`asn_from_list -o asn.json --product-name NAME FILES` makes an association that can be compared with.";
        Unwritable "association-unwritable" wraps: "Write to a directory in which you may make files.";
        Outside "association-outside": "`--members-anywhere` allows members outside of the directory of the association.";
        Missing "association-missing": "Members are looked for beside the association: `asn_gather` copies them together with it.";
        NoMember "association-no-member": "Each product needs an exposure of type science; background and others are beside it.";
    }
    "datamodels::DataModelError" DataModelError {
        Io "file-io" wraps: "See that the file is there and may be read, and that the disk is not full.";
        NotFits "file-not-fits": "JWST's exposures and products are FITS files; an interrupted download is none.";
        Truncated "file-truncated": "The file is not complete: fetch or make it again.";
        MissingHdu "file-missing-hdu": "Another kind of product is needed here: `strun STEP --help` says which the step takes.";
        Shape "file-shape": EXPOSURE;
        Keyword "file-keyword": "Set the keyword to a value as expected, for example with astropy.io.fits.setval.";
        Asdf "file-asdf": "The ASDF extension of the file is damaged: without it the headers are read; or make the file again.";
        Reference "file-reference": FIT;
        NotATable "file-not-a-table": "Tables are ECSV, or text with a line of column names.";
        Unwritable "file-unwritable": OUTPUT;
    }
    "quicklook::QuicklookError" QuicklookError {
        Option "picture-option": "`jwst preview --help` and `jwst report --help` list the options with their values.";
        Unsuitable "picture-unsuitable": "`jwst info FILE` lists what is in the file.";
        Catalog "picture-catalogue": "Give the catalogue that source_catalog made of this image, as ECSV.";
        NoProducts "report-no-products": "Give the folder that a run has saved its products to.";
        Log "report-log": "Give a log that a run has written as JSON lines, or none.";
        Encoding "picture-encoding": BUG;
        -> Data(error) => error;
    }
    "asdf::Error" AsdfError {
        Io "asdf-io": "See that the file is there and may be read.";
        NotAsdf "asdf-not-asdf": "An ASDF file begins with `#ASDF`; this may be another format.";
        Header "asdf-header": "The file is damaged or of an unknown version: fetch it again.";
        Yaml "asdf-yaml": "The tree cannot be read at the line given: fetch the file again, or correct the text.";
        Path "asdf-path": BUG;
        Unwritable "asdf-unwritable": BUG;
        Array "asdf-array": "The description of an array does not fit its block: fetch the file again.";
        Block "asdf-block": "A block is damaged or cut: fetch the file again.";
        _ => None;
    }
    "crds::Error" CrdsError {
        NoContext "crds-no-context": SERVER;
        Read "crds-read": "CRDS_PATH must name a cache that you may read.";
        MissingMapping "crds-missing-mapping": SERVER;
        MissingReference "crds-missing-reference": SERVER;
        Damaged "crds-damaged": CACHE;
        Write "crds-write": "The cache must be writable, with room on its disk; CRDS_OVERLAY_PATH names a private cache before a shared one.";
        ReadOnly "crds-read-only": "CRDS_OVERLAY_PATH names a private cache before the shared one.";
        NoDirectory "crds-no-directory": CACHE;
        NotConnected "crds-not-connected": SERVER;
        OtherObservatory "crds-other-observatory": "Set CRDS_SERVER_URL to the server of this mission: https://jwst-crds.stsci.edu.";
        Fetch "crds-fetch": SERVER;
        Archive "crds-archive": "Make the bundle again with `jwst crds bundle`.";
        Name "crds-name": "A name of a mapping or reference has no directories.";
        ServerConfig "crds-server-config": CACHE;
        CacheFile "crds-cache-file": CACHE;
        NoInstrument "crds-no-instrument": "The exposure needs the keyword INSTRUME.";
        UnknownInstrument "crds-unknown-instrument": "Check INSTRUME of the exposure, and CRDS_CONTEXT.";
        NotAContext "crds-not-a-context": "CRDS_CONTEXT is the name of a pipeline mapping, such as jwst_1364.pmap.";
        NotFound "crds-not-found": BESTREFS;
        BadRules "crds-bad-rules": "Choose a newer context with CRDS_CONTEXT.";
        BadReference "crds-bad-reference": "Choose a newer context with CRDS_CONTEXT, or `--override_<type>=FILE`.";
        Line "crds-line": "`jwst crds bestrefs --help` shows the form of a line.";
        -> Setting(error) => error;
        -> Context(error) => error;
        -> Mapping(error) => error;
        -> Network(error) => error;
    }
    "crds::ContextError" ContextError {
        Form "crds-context-form": "CRDS_CONTEXT is the name of a mapping, such as jwst_1364.pmap, or `latest`.";
        NeedsServer "crds-context-needs-server": "Give CRDS_CONTEXT as the name of a mapping, or set CRDS_SERVER_URL.";
        NotConfigured "crds-context-not-configured": "Set CRDS_CONTEXT to the name of a mapping, such as jwst_1364.pmap, or CRDS_SERVER_URL to the server.";
    }
    "crds::MappingError" MappingError {
        Syntax "crds-mapping-syntax" wraps: CACHE;
        MissingKey "crds-mapping-key": CACHE;
        Checksum "crds-mapping-checksum": CACHE;
        Name "crds-mapping-name": CACHE;
    }
    "crds::NetworkError" NetworkError {
        Unreachable "crds-unreachable": SERVER;
        Status "crds-status": SERVER;
        Service "crds-service": SERVER;
        Reply "crds-reply": SERVER;
        TooLarge "crds-too-large": "Check CRDS_SERVER_URL: this is no reply of a CRDS server.";
        Setting "crds-network-setting": "Correct the variable of the environment.";
    }
    "gwcs::TransformError" TransformError {
        Compose "wcs-compose": WCS;
        Combine "wcs-combine": WCS;
        Fix "wcs-fix": WCS;
        Property "wcs-property": WCS;
        NoInverse "wcs-no-inverse": WCS;
        Points "wcs-points": BUG;
        Parameter "wcs-parameter": WCS;
    }
    "gwcs::WcsError" WcsError {
        Steps "wcs-steps": WCS;
        NoFrame "wcs-no-frame": WCS;
        NoBoundingBox "wcs-no-bounding-box": WCS;
        NotSquare "wcs-not-square": WCS;
        -> Transform(error) => error;
    }
    "gwcs::convert::ConvertError" ConvertError {
        UnknownTag "wcs-unknown-tag": "The file was made with a version of gwcs whose transforms are not known here.";
        Unexpected "wcs-unexpected": WCS;
        Property "wcs-asdf-property": WCS;
        NoForm "wcs-no-form": BUG;
        TooDeep "wcs-too-deep": WCS;
        Transform "wcs-transform" wraps: WCS;
        -> Asdf(error) => error;
        -> Wcs(error) => error;
    }
    "gwcs::fits::FitsError" FitsError {
        NotCelestial "sip-not-celestial": WCS;
        Inputs "sip-inputs": WCS;
        NoBoundingBox "sip-no-bounding-box": WCS;
        TooSmall "sip-too-small": SKIP;
        Parameter "sip-parameter": "`jwst params assign_wcs` lists the parameters sip_*.";
        NotFinite "sip-not-finite": WCS;
        Singular "sip-singular": "Take a lower degree: `--steps.assign_wcs.sip_degree`.";
        -> Transform(error) => error;
        -> Wcs(error) => error;
    }
    "gwcs::mosaic::MosaicError" MosaicError {
        NoFootprints "mosaic-no-footprints": "No exposure of the association has a world coordinate system that can be used.";
        TooSmall "mosaic-too-small": "Give another `output_shape` or `pixel_scale`.";
        NotFinite "mosaic-not-finite": "The exposures look at fields that are far apart: make an association for each field.";
        NotImaging "mosaic-not-imaging": "Only images can be combined so; spectra have pipelines of their own.";
        Area "mosaic-area": WCS;
        -> Transform(error) => error;
        -> Wcs(error) => error;
    }
    "drizzle::DrizzleError" DrizzleError {
        Shape "drizzle-shape": BUG;
        Layout "drizzle-layout": BUG;
        Count "drizzle-count": BUG;
        Setting "drizzle-setting": "`jwst params resample` lists the parameters with their limits.";
        NoValidPixels "drizzle-no-valid-pixels": "The exposure does not overlap the output: check `output_wcs`, `crval` and `output_shape`.";
        ScaleRatio "drizzle-scale-ratio": "The exposure does not overlap the output: check `output_wcs`, `crval` and `output_shape`.";
        UnmappedPixel "drizzle-unmapped-pixel": WCS;
        _ => None;
    }
    "stcal::clean_flicker_noise::CleanError" CleanError {
        NoBackground "flicker-no-background": "Give a mask (`user_mask`) or a larger `n_sigma`; `--steps.clean_flicker_noise.skip=true` goes without the step.";
        -> Shape(error) => error;
    }
    "stcal::dark::DarkError" DarkError {
        CannotExtrapolate "dark-cannot-extrapolate": FIT;
        TooShort "dark-too-short": FIT;
        -> Shape(error) => error;
    }
    "stcal::emicorr::EmiError" EmiError {
        Columns "emicorr-columns": SKIP;
        Period "emicorr-period": FIT;
        Waveform "emicorr-waveform": FIT;
        Bins "emicorr-bins": "`nbins` must be 1 or more, or None.";
        -> Shape(error) => error;
    }
    "stcal::irs2::Irs2Error" Irs2Error {
        Layout "irs2-layout": EXPOSURE;
        TooSmall "irs2-too-small": SKIP;
        NoSuchPixel "irs2-no-such-pixel": FIT;
        -> Shape(error) => error;
    }
    "stcal::jump::JumpError" JumpError {
        Shape "jump-shape": FIT;
        TooFewGroups "jump-too-few-groups": SKIP;
        Groups "jump-groups": BUG;
        Bands "jump-bands": BUG;
    }
    "stcal::linearity::CoefficientError" CoefficientError {
        TooFew "linearity-too-few": FIT;
        -> Shape(error) => error;
    }
    "stcal::linearity::ReadLevelError" ReadLevelError {
        TooFewGroups "linearity-too-few-groups": "Reads can be corrected one by one only in ramps of two groups or more.";
        -> Coefficients(error) => error;
    }
    "stcal::picture_frame::PictureFrameError" PictureFrameError {
        NoBackground "picture-frame-no-background": NOTHING_LEFT;
        -> Shape(error) => error;
    }
    "stcal::ramp_fit::RampFitError" RampFitError {
        Shape "ramp-fit-shape": FIT;
        Window "ramp-fit-window": "`firstgroup` and `lastgroup` count from 0 and must lie in the ramp.";
        TooFewGroups "ramp-fit-too-few-groups": "`--steps.ramp_fit.algorithm=OLS_C` fits ramps of any length.";
        ReadTimes "ramp-fit-read-times": EXPOSURE;
        NoZeroFrame "ramp-fit-no-zero-frame": EXPOSURE;
    }
    "stcal::ramp_fit::NothingToFit" NothingToFit {
        AllFlagged "ramp-fit-all-flagged": NOTHING_LEFT;
        TooFewGroups "ramp-fit-one-group": "`--steps.ramp_fit.algorithm=OLS_C` fits ramps of any length.";
        AllSaturated "ramp-fit-all-saturated": NOTHING_LEFT;
    }
    "stcal::read_pattern::ReadPatternError" ReadPatternError {
        EmptyGroup "read-pattern-empty-group": EXPOSURE;
        ReadZero "read-pattern-read-zero": EXPOSURE;
    }
    "stcal::refpix::RefpixError" RefpixError {
        Outside "refpix-outside": "SUBSTRT and SUBSIZE of the exposure do not lie on the detector.";
        -> Shape(error) => error;
    }
    "stcal::source_finding::background::BackgroundError" BackgroundError {
        NotFinite "background-not-finite": NOTHING_LEFT;
        Masked "background-masked": NOTHING_LEFT;
    }
    "stcal::spherical_polygon::PolygonError" PolygonError {
        TooFewVertices "polygon-too-few-vertices": WCS;
        Unpaired "polygon-unpaired": BUG;
        NotFinite "polygon-not-finite": WCS;
        TooLarge "polygon-too-large": "The exposures look at fields that are far apart: make an association for each field.";
    }
    "stcal::tweakreg::TweakregError" TweakregError {
        NotPositive "align-not-positive": ALIGN;
        Separation "align-separation": ALIGN;
        SearchRadius "align-search-radius": ALIGN;
        Confusion "align-confusion": ALIGN;
        Lengths "align-lengths": BUG;
        TooFewPositions "align-too-few-positions": ALIGN;
        OnALine "align-on-a-line": ALIGN;
        SomeWeights "align-some-weights": "Give all catalogues of a group a column `weight`, or none.";
        TooFewGroups "align-too-few-groups": ALIGN;
        TooFewReferences "align-too-few-references": "Give a catalogue with more sources in the field: `--steps.tweakreg.abs_refcat=FILE`.";
        NoValidReference "align-no-valid-reference": "Give a catalogue with RA and DEC in the field: `--steps.tweakreg.abs_refcat=FILE`.";
        LargeCorrection "align-large-correction": ALIGN;
        Wcs "align-wcs" wraps: WCS;
    }
    "steps::tweakreg::ServiceError" ServiceError {
        Unreachable "catalogue-unreachable": "`--steps.tweakreg.abs_refcat=FILE` takes a catalogue from a file.";
        Answer "catalogue-answer": "`--steps.tweakreg.abs_refcat=FILE` takes a catalogue from a file.";
    }
    ;
    "stpipe::TextError" TextError "parameter-text": "Put texts with commas, quotes or `#` between quotes.";
    "stpipe::config::IniError" IniError "parameter-file-line": "A line is `key = value`, `[steps]` or `[[step]]`; `strun STEP --save-parameters FILE` writes a file to compare with.";
    "crds::SettingError" SettingError "crds-setting": "Correct the variable of the environment that is named.";
    "crds::literal::SyntaxError" SyntaxError "crds-syntax": CACHE;
    "crds::ObservatoryError" ObservatoryError "crds-observatory": BUG;
    "pipelines::detector1::RampTooLarge" RampTooLarge "stage1-memory": "Raise `--max-memory`: stage 1 holds the whole ramp, 5 bytes a sample. Segments of an exposure are calibrated one by one.";
    "pipelines::image3::MixedInstruments" MixedInstruments "image3-mixed-instruments": "Make an association for each instrument.";
    "pipelines::image3::TooLittleMemory" TooLittleMemory "image3-memory": "Raise `--max-memory`, or make the mosaic smaller: `pixel_scale_ratio`, `output_shape`.";
    "stcal::clean_flicker_noise::NoMesh" NoMesh "flicker-no-mesh": "Give `background_box_size` as two whole numbers, 1 or more.";
    "stcal::refpix::ReadoutAxesError" ReadoutAxesError "refpix-readout-axes": "FASTAXIS and SLOWAXIS of the exposure are wrong.";
    "stcal::refpix::SirsError" SirsError "refpix-sirs": FIT;
    "stcal::shape::ShapeError" ShapeError "array-shape": FIT;
    "stcal::source_finding::KernelError" KernelError "source-kernel": "`kernel_fwhm` and the like must be positive.";
}
