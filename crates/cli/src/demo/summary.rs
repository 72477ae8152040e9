//! What the demonstration made, and how good it is.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use datamodels::models::{Model, ResampledModel};
use serde::Serialize;

use super::folder::Folder;
use super::pictures::Pictures;
use super::truth::{CatalogCheck, RateCheck, Truth};

/// All that the demonstration says at its end; saved as `summary.json`, too.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    seconds: f64,
    products: Vec<PathBuf>,
    pub(super) mosaic: PathBuf,
    /// Rows and columns.
    mosaic_shape: [usize; 2],
    pub(super) catalog: PathBuf,
    rates: Vec<RateCheck>,
    stars: CatalogCheck,
    pictures: Option<Pictures>,
}

impl Summary {
    /// Looks at the products.
    pub(super) fn of(
        folder: &Folder,
        truth: &Truth,
        products: Vec<PathBuf>,
        elapsed: Duration,
    ) -> anyhow::Result<Self> {
        let mosaic = of_association(&products, "_i2d.fits")?;
        let catalog = of_association(&products, "_cat.ecsv")?;
        let (rows, columns) = ResampledModel::open(&mosaic)?.data.dim();
        let [dithered, ..] = truth.cases.as_slice() else {
            return Err(anyhow!("no exposures were simulated"));
        };
        let rates = truth.cases.iter().map(|case| RateCheck::of(case, folder));
        Ok(Self {
            seconds: elapsed.as_secs_f64(),
            rates: rates.collect::<Result<_, _>>()?,
            stars: CatalogCheck::of(&dithered.stars, &mosaic, &catalog)?,
            products,
            mosaic,
            mosaic_shape: [rows, columns],
            catalog,
            pictures: None,
        })
    }

    /// Adds what there is to look at.
    pub(super) fn show(&mut self, pictures: Pictures) {
        self.pictures = Some(pictures);
    }

    /// Writes `summary.json`.
    pub(super) fn save(&self, folder: &Folder) -> anyhow::Result<()> {
        let path = folder.path().join("summary.json");
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The summary for people.
    pub(super) fn to_text(&self, folder: &Folder, truth: &Truth) -> String {
        let mut text =
            String::from("\nWhat came out, and how it compares with what was simulated:\n");
        let [rows, columns] = self.mosaic_shape;
        let line = format!(
            "  mosaic     {}, {columns} by {rows} pixels\n  catalogue  {}, {} sources\n",
            self.mosaic.display(),
            self.catalog.display(),
            self.stars.sources,
        );
        text += &line;
        for check in &self.rates {
            let line = format!(
                "  rates      {}: (rate - truth) / error of {} pixels has median {:+.3} and scatter {:.3}; ideal: 0 and 1\n",
                check.instrument, check.pixels, check.median, check.scatter
            );
            text += &line;
            if !check.note.is_empty() {
                let line = format!("             ({})\n", check.note);
                text += &line;
            }
        }
        let stars = &self.stars;
        let line = format!(
            "  stars      {} of {} in the field were found; {} sources are none of them\n",
            stars.found, stars.stars, stars.others
        );
        text += &line;
        let line = format!(
            "  positions  off by {:+.2} and {:+.2} mas (right ascension, declination), scatter {:.2} and {:.2} mas\n",
            stars.offset_mas[0], stars.offset_mas[1], stars.scatter_mas[0], stars.scatter_mas[1]
        );
        text += &line;
        let line = format!(
            "  fluxes     {:.4} of the true ones, scatter {:.4}\n",
            stars.flux_ratio, stars.flux_scatter
        );
        text += &line;
        if let Some(pictures) = &self.pictures {
            let number = pictures.images.len();
            let line = format!(
                "  pictures   {number} in {}/pictures; the report is {}\n",
                folder.path().display(),
                pictures.report.display()
            );
            text += &line;
        }
        let first = truth.exposures().next().map_or("", String::as_str);
        text + &self.closing(folder, first)
    }

    fn closing(&self, folder: &Folder, exposure: &str) -> String {
        let at = folder.path().display();
        format!(
            "\n{} products in {:.1} s. Everything is in {at}: the products in {at}/products, the log in {at}/demo.log,\n\
             these numbers in {at}/summary.json. The same by hand, for one exposure:\n\n  \
             export CRDS_PATH={at}/crds_cache\n  \
             strun calwebb_detector1 {} --output_dir=out\n",
            self.products.len(),
            self.seconds,
            folder.raw(exposure).display(),
        )
    }
}

/// The product of the association with this ending; each exposure has an `_i2d` of its own, too.
fn of_association(products: &[PathBuf], ending: &str) -> anyhow::Result<PathBuf> {
    let has_ending = |path: &&PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.ends_with(ending))
    };
    let found = products.iter().rfind(has_ending);
    found
        .cloned()
        .ok_or_else(|| anyhow!("the pipelines made no *{ending}"))
}
