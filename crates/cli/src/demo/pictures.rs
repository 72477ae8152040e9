//! A picture of each stage, and a page about the run.

use std::path::PathBuf;

use anyhow::Context as _;
use quicklook::{PreviewOptions, ReportOptions, preview, report};
use serde::Serialize;

use super::folder::Folder;
use super::summary::Summary;

/// What there is to look at.
#[derive(Debug, Serialize)]
pub(super) struct Pictures {
    pub(super) images: Vec<PathBuf>,
    pub(super) report: PathBuf,
}

impl Pictures {
    /// Draws the first exposure at each stage and the mosaic with its sources, and writes the page.
    pub(super) fn make(folder: &Folder, exposure: &str, summary: &Summary) -> anyhow::Result<Self> {
        let mosaic = &summary.mosaic;
        let directory = folder.path().join("pictures");
        let made = std::fs::create_dir_all(&directory);
        made.with_context(|| format!("cannot make {}", directory.display()))?;
        let sources = PreviewOptions {
            catalog: Some(summary.catalog.clone()),
            ..PreviewOptions::default()
        };
        let plain = PreviewOptions::default();
        let stages = [
            ("1_raw", folder.raw(exposure), &plain),
            ("2_rate", folder.product(exposure, "rate"), &plain),
            ("3_calibrated", folder.product(exposure, "cal"), &plain),
            ("4_mosaic", mosaic.clone(), &plain),
            ("5_sources", mosaic.clone(), &sources),
        ];
        let mut images = Vec::new();
        for (name, product, options) in stages {
            let image = directory.join(format!("{name}.png"));
            preview(&product, options)?.save(&image)?;
            images.push(image);
        }
        let page = folder.path().join("report.html");
        let options = ReportOptions {
            title: Some("jwst demo: simulated exposures of NIRCam and MIRI".to_owned()),
            ..ReportOptions::default()
        };
        report(&[folder.products()], &options)?.save(&page)?;
        Ok(Self {
            images,
            report: page,
        })
    }
}
