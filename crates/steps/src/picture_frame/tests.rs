//! Tests.

use std::collections::BTreeMap;

use datamodels::models::ExposureModel;
use stpipe::{Prepared, Reference, ReferenceFiles, Step};

use super::{PictureFrame, PictureFrameParams};
use crate::readout::ramps::ramp;

#[test]
fn no_reference_is_a_reason_to_skip() {
    let exposure = ExposureModel::Ramp(Box::new(ramp("NIRSPEC", (1, 2, 4, 4), &[])));
    let known = BTreeMap::from([("pictureframe".to_owned(), Reference::NotApplicable)]);
    let files = ReferenceFiles::new(known);
    let prepared =
        PictureFrame::prepare(&PictureFrameParams::default(), &exposure, &files).unwrap();
    let Prepared::Skip(reason) = prepared else {
        panic!("there is no reference")
    };
    assert_eq!(reason.to_string(), "no PICTUREFRAME reference file");
}
