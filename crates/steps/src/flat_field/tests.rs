//! Tests of what the step decides.

use datamodels::metadata::Metadata;
use stpipe::SkipReason;

use super::not_for;

fn metadata(instrument: &str, kind: &str) -> Metadata {
    let mut meta = Metadata::new("ImageModel");
    meta.set("meta.instrument.name", instrument);
    meta.set("meta.exposure.type", kind);
    meta
}

#[test]
fn images_of_all_instruments_get_flats() {
    for (instrument, kind) in [
        ("NIRCAM", "NRC_IMAGE"),
        ("NIRISS", "NIS_AMI"),
        ("MIRI", "MIR_4QPM"),
        ("FGS", "FGS_IMAGE"),
        ("NIRSPEC", "NRS_WATA"),
    ] {
        assert_eq!(not_for(&metadata(instrument, kind), kind).unwrap(), None);
    }
}

#[test]
fn spectra_of_nirspec_are_refused_and_unknown_modes_skipped() {
    let error = not_for(&metadata("NIRSPEC", "NRS_IFU"), "NRS_IFU").unwrap_err();
    assert!(error.to_string().contains("NRS_IFU"), "{error}");
    let mut lamp = metadata("NIRSPEC", "NRS_LAMP");
    lamp.set("meta.instrument.lamp_mode", "IMAGE");
    assert_eq!(not_for(&lamp, "NRS_LAMP").unwrap(), None);
    let reason = not_for(&metadata("NIRSPEC", "NRS_AUTOFLAT"), "NRS_AUTOFLAT").unwrap();
    assert!(matches!(reason, Some(SkipReason::NotApplicable(_))));
}

#[test]
fn images_that_were_cut_out_get_no_flat() {
    let mut meta = metadata("MIRI", "MIR_IMAGE");
    meta.set("meta.cal_step.extract_2d", "COMPLETE");
    let reason = not_for(&meta, "MIR_IMAGE").unwrap().unwrap();
    assert!(reason.to_string().contains("extract_2d"), "{reason}");
}
