//! What a product is, in words, from its metadata.

use datamodels::io::fits::HduInfo;

use super::Product;

impl Product {
    /// Instrument, optics, subarray, exposure and time; what the file does not say is left out.
    pub(crate) fn facts(&self) -> Vec<String> {
        let meta = &self.meta;
        let text = |path: &str| {
            let text = meta.text(path).map(str::trim).unwrap_or_default();
            let is_known = !text.is_empty() && !text.eq_ignore_ascii_case("N/A");
            is_known.then(|| text.to_owned())
        };
        let join = |parts: &[Option<String>], separator: &str| {
            let parts: Vec<String> = parts.iter().flatten().cloned().collect();
            (!parts.is_empty()).then(|| parts.join(separator))
        };
        let date = text("meta.observation.date");
        let time = text("meta.observation.time").map(|time| whole_seconds(&time));
        let facts = [
            join(
                &[
                    text("meta.instrument.name"),
                    text("meta.instrument.detector"),
                ],
                " ",
            ),
            join(
                &[
                    text("meta.instrument.filter"),
                    text("meta.instrument.pupil"),
                ],
                "/",
            ),
            text("meta.subarray.name"),
            text("meta.exposure.type"),
            join(&[text("meta.exposure.readpatt"), self.samples()], " "),
            text("meta.target.catalog_name").or_else(|| text("meta.target.proposer_name")),
            join(&[date, time], " ").map(|moment| moment + " UTC"),
        ];
        facts.into_iter().flatten().collect()
    }

    /// `2 x 10 groups` of an exposure.
    fn samples(&self) -> Option<String> {
        let groups = self.meta.integer("meta.exposure.ngroups")?;
        let integrations = self.meta.integer("meta.exposure.nints")?;
        Some(format!("{integrations} × {groups} groups"))
    }

    /// The unit of an HDU's values; empty where unknown.
    pub(crate) fn unit(&self, hdu: &HduInfo) -> String {
        let card = hdu.header.get("BUNIT").and_then(|card| card.as_str());
        let recorded = match hdu.name.as_str() {
            "SCI" => self.meta.text("meta.bunit_data"),
            "ERR" => self.meta.text("meta.bunit_err"),
            _ => None,
        };
        card.or(recorded).unwrap_or_default().trim().to_owned()
    }
}

fn whole_seconds(time: &str) -> String {
    time.split('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::whole_seconds;

    #[test]
    fn seconds_are_whole() {
        assert_eq!(whole_seconds("06:28:48.000"), "06:28:48");
        assert_eq!(whole_seconds("06:28"), "06:28");
    }
}
