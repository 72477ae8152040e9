//! The waves of electromagnetic interference (MIRI), an ASDF file.

use std::path::{Path, PathBuf};

use asdf::{AsdfFile, Mapping, Node, Software, WriteOptions};

use crate::error::{DataModelError, Result};
use crate::io::atomic::write_atomically;

/// One periodic signal.
#[derive(Debug, Clone, PartialEq)]
pub struct EmiWave {
    /// The name by which cases know it.
    pub name: String,
    /// Frequency [Hz].
    pub frequency_hz: f64,
    /// One period of the wave [DN].
    pub amplitudes: Vec<f64>,
}

/// What there is to correct for a kind of readout.
#[derive(Debug, Clone, PartialEq)]
pub struct EmiCase {
    /// Clock cycles from a row to the next.
    pub row_clocks: f64,
    /// Clock cycles of a reset frame.
    pub frame_clocks: f64,
    /// The waves, in the order in which they are removed; none where the file lists none.
    pub waves: Vec<EmiWave>,
}

/// An open file of interference waves.
#[derive(Debug)]
pub struct EmiReference {
    path: PathBuf,
    file: AsdfFile,
}

impl EmiReference {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be read, or is of another instrument.
    pub fn open(path: &Path) -> Result<Self> {
        let file = AsdfFile::open(path).map_err(|error| DataModelError::Reference {
            path: path.to_path_buf(),
            message: format!("not a readable ASDF file: {error}"),
        })?;
        let reference = Self {
            path: path.to_path_buf(),
            file,
        };
        let instrument = reference
            .file
            .tree
            .get_path("meta.instrument.name")
            .and_then(Node::as_str);
        match instrument {
            Some(name) if !name.eq_ignore_ascii_case("MIRI") => {
                Err(reference.error(format!("expected instrument MIRI, found {name}")))
            }
            _ => Ok(reference),
        }
    }

    /// What there is to correct; `None` if the file does not know the readout.
    ///
    /// Full frames are told apart by the speed of their read pattern, and so are the frequencies; those of slow
    /// patterns also by detector.
    ///
    /// # Errors
    /// A number or an array is missing, or a wave that is listed.
    ///
    /// # Source
    /// jwst 3.0.0 `emicorr/emicorr.py`, `get_subarcase` and `get_frequency_info`.
    pub fn case(
        &self,
        subarray: &str,
        read_pattern: &str,
        detector: &str,
    ) -> Result<Option<EmiCase>> {
        let pattern = read_pattern.to_uppercase();
        let Some(speed) = ["SLOW", "FAST"]
            .into_iter()
            .find(|speed| pattern.contains(speed))
        else {
            return Ok(None);
        };
        let name = if subarray.contains("FULL") {
            format!("{subarray}_{speed}")
        } else {
            subarray.to_string()
        };
        let case = self
            .file
            .tree
            .get("subarray_cases")
            .and_then(|cases| cases.get(&name));
        let names = case.and_then(|case| case.get("freqs")?.get(speed));
        let names = if speed == "SLOW" {
            names.and_then(|names| names.get(detector))
        } else {
            names
        };
        let (Some(case), Some(names)) = (case, names) else {
            return Ok(None);
        };
        let number = |key: &str| {
            let number = case
                .get(key)
                .and_then(Node::as_f64)
                .filter(|value| *value >= 0.0 && value.is_finite());
            number.ok_or_else(|| {
                self.error(format!("subarray_cases.{name}.{key}: expected a number"))
            })
        };
        let listed = names
            .as_sequence()
            .ok_or_else(|| self.error(format!("subarray_cases.{name}: expected a list")))?;
        let waves = listed
            .iter()
            .map(|wave| self.wave(wave))
            .collect::<Result<_>>()?;
        Ok(Some(EmiCase {
            row_clocks: number("rowclocks")?,
            frame_clocks: number("frameclocks")?,
            waves,
        }))
    }

    fn wave(&self, name: &Node) -> Result<EmiWave> {
        let name = name
            .as_str()
            .ok_or_else(|| self.error("subarray_cases: expected names of frequencies"))?;
        let wave = self
            .file
            .tree
            .get("frequencies")
            .and_then(|waves| waves.get(name));
        let wave = wave.ok_or_else(|| self.error(format!("frequencies: no {name}")))?;
        let frequency_hz = wave
            .get("frequency")
            .and_then(Node::as_f64)
            .filter(|hz| *hz > 0.0 && hz.is_finite());
        let frequency_hz = frequency_hz.ok_or_else(|| {
            self.error(format!(
                "frequencies.{name}.frequency: expected a positive number"
            ))
        })?;
        let amplitudes = wave
            .get("phase_amplitudes")
            .and_then(|node| self.numbers(node));
        let amplitudes = amplitudes.ok_or_else(|| {
            self.error(format!(
                "frequencies.{name}.phase_amplitudes: expected numbers"
            ))
        })?;
        Ok(EmiWave {
            name: name.to_string(),
            frequency_hz,
            amplitudes,
        })
    }

    fn numbers(&self, node: &Node) -> Option<Vec<f64>> {
        if let Some(array) = node.as_ndarray() {
            return self.file.array_f64(array).ok().map(|(values, _)| values);
        }
        node.as_sequence()?.iter().map(Node::as_f64).collect()
    }

    fn error(&self, message: impl Into<String>) -> DataModelError {
        DataModelError::Reference {
            path: self.path.clone(),
            message: message.into(),
        }
    }
}

/// Waves that were found in the data of an exposure, in the form of a reference file.
#[derive(Debug, Clone, PartialEq)]
pub struct EmiWaves {
    /// SUBARRAY of the exposure.
    pub subarray: String,
    /// READPATT of the exposure.
    pub read_pattern: String,
    /// DETECTOR of the exposure.
    pub detector: String,
    /// Clock, and waves by the text of their frequency.
    pub case: EmiCase,
}

impl EmiWaves {
    /// Writes the waves as an ASDF file, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let failed = |message: String| DataModelError::Unwritable {
            path: path.to_path_buf(),
            what: "the interference waves".to_string(),
            message,
        };
        let bytes = self.to_asdf().map_err(|error| failed(error.to_string()))?;
        write_atomically(path, |path| {
            std::fs::write(path, &bytes).map_err(|error| failed(error.to_string()))
        })
    }

    fn to_asdf(&self) -> asdf::Result<Vec<u8>> {
        let mut file = AsdfFile::from_tree(Mapping::new());
        file.set_library(&Software::new("asdf (Rust)", env!("CARGO_PKG_VERSION")));
        let mut frequencies = Mapping::new();
        for wave in &self.case.waves {
            let array = file.push_array(&[wave.amplitudes.len()], &wave.amplitudes)?;
            let entries = [
                ("frequency", Node::Float(wave.frequency_hz)),
                ("phase_amplitudes", Node::from(array)),
            ];
            frequencies.insert(wave.name.as_str(), mapping(entries));
        }
        let names: Vec<Node> = self
            .case
            .waves
            .iter()
            .map(|wave| Node::from(wave.name.as_str()))
            .collect();
        // Parity: jwst emicorr/emicorr.py writes the read pattern where it reads the speed.
        let listed = if self.read_pattern.contains("FAST") {
            Node::from(names)
        } else {
            mapping([(self.detector.as_str(), Node::from(names))])
        };
        let case = mapping([
            ("rowclocks", Node::Int(self.case.row_clocks as i64)),
            ("frameclocks", Node::Int(self.case.frame_clocks as i64)),
            ("freqs", mapping([(self.read_pattern.as_str(), listed)])),
        ]);
        let now = jiff::Timestamp::now();
        let meta = mapping([
            ("author", Node::from("JWST calibration pipeline")),
            (
                "date",
                Node::from(now.strftime("%Y-%m-%dT%H:%M:%S.%3f").to_string()),
            ),
            ("description", Node::from("EMI correction file")),
            ("instrument", mapping([("name", Node::from("MIRI"))])),
            ("model_type", Node::from("EmiModel")),
            ("pedigree", Node::from("GROUND")),
            ("reftype", Node::from("emicorr")),
            ("telescope", Node::from("JWST")),
            (
                "useafter",
                Node::from(now.strftime("%Y-%m-%dT%H:%M:%S").to_string()),
            ),
        ]);
        if let Some(root) = file.tree.as_mapping_mut() {
            root.insert("frequencies", frequencies);
            root.insert("meta", meta);
            root.insert("subarray_cases", mapping([(self.subarray.as_str(), case)]));
        }
        file.to_bytes(&WriteOptions::default())
    }
}

fn mapping<'a>(entries: impl IntoIterator<Item = (&'a str, Node)>) -> Node {
    Node::from(entries.into_iter().collect::<Mapping>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(folder: &Path, freqs: &str) -> EmiReference {
        let text = format!(
            "#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n\
             frequencies:\n  Hz10: {{frequency: 10.0, phase_amplitudes: [1.0, 2.0, 3.0]}}\n\
             subarray_cases:\n  FULL_SLOW: {{rowclocks: 2333, frameclocks: 7, freqs: {{SLOW: {{MIRIMAGE: {freqs}}}}}}}\n...\n"
        );
        let path = folder.join("waves.asdf");
        std::fs::write(&path, text).expect("written");
        EmiReference::open(&path).expect("opened")
    }

    #[test]
    fn cases_are_found_by_subarray_speed_and_detector() {
        let folder = tempfile::tempdir().expect("a folder");
        let reference = reference(folder.path(), "[Hz10]");
        let case = |subarray, pattern, detector| {
            reference.case(subarray, pattern, detector).expect("read")
        };
        let found = case("FULL", "SLOWR1", "MIRIMAGE").expect("a case");
        assert_eq!((found.row_clocks, found.frame_clocks), (2333.0, 7.0));
        let wave = EmiWave {
            name: "Hz10".to_string(),
            frequency_hz: 10.0,
            amplitudes: vec![1.0, 2.0, 3.0],
        };
        assert_eq!(found.waves, [wave]);
        assert_eq!(case("FULL", "FASTR1", "MIRIMAGE"), None);
        assert_eq!(case("FULL", "SLOWR1", "MIRIFULONG"), None);
        assert_eq!(case("SUB64", "SLOWR1", "MIRIMAGE"), None);
        assert_eq!(case("FULL", "MEDIUM", "MIRIMAGE"), None);
    }

    #[test]
    fn a_wave_that_is_missing_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = reference(folder.path(), "[Hz390]")
            .case("FULL", "SLOW", "MIRIMAGE")
            .expect_err("an error");
        assert!(
            error.to_string().contains("frequencies: no Hz390"),
            "{error}"
        );
    }

    #[test]
    fn waves_that_were_found_are_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("found.asdf");
        let wave = EmiWave {
            name: "10.5".to_string(),
            frequency_hz: 10.5,
            amplitudes: vec![0.5, -0.25],
        };
        let case = EmiCase {
            row_clocks: 28.0,
            frame_clocks: 8512.0,
            waves: vec![wave],
        };
        let waves = EmiWaves {
            subarray: "SUB64".to_string(),
            read_pattern: "FAST".to_string(),
            detector: "MIRIMAGE".to_string(),
            case: case.clone(),
        };
        waves.save(&path).expect("written");
        let read = EmiReference::open(&path).expect("opened");
        assert_eq!(
            read.case("SUB64", "FAST", "MIRIMAGE").expect("read"),
            Some(case)
        );
    }
}
