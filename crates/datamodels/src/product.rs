//! The models as products of the step runner; only with the feature `stpipe`.

use std::path::Path;

use asdf::{Mapping, Node};
use stpipe::{
    BoxError, ParamValue, Product, Products, Provenance, SkipReason, Status, Summary, Values,
};

use crate::library::{self, Library};
use crate::metadata::Metadata;
use crate::models::{
    CubeModel, ExposureModel, GuiderCalModel, GuiderModel, GuiderRawModel, ImageModel,
    IntermediateModel, MeanBackgroundModel, Model, PlainImageModel, RampFitOutputModel, RampModel,
    RateModel, ResampledModel, SegmentationMapModel, SourceCatalogModel,
};
use crate::reference::EmiWaves;

/// Metadata as the parameters of best-reference selection: every scalar by its path.
pub fn selection(meta: &Metadata) -> Values {
    let mut values = Values::new();
    for (path, node) in meta.scalars() {
        let value = match node {
            Node::Bool(v) => ParamValue::Bool(v),
            Node::Int(v) => ParamValue::Int(v),
            Node::Float(v) => ParamValue::Float(v),
            Node::String(v) => ParamValue::from(v),
            _ => continue,
        };
        values.set(path, value);
    }
    values
}

/// What a step has left in the metadata by [`Metadata::note`].
fn summary(meta: &Metadata, step: &str) -> Summary {
    let notes = meta
        .get("cal_summaries")
        .and_then(|notes| notes.get(step)?.as_mapping());
    let notes = notes.into_iter().flat_map(Mapping::iter);
    notes
        .filter_map(|(name, node)| {
            let value = match node.untagged() {
                Node::Bool(v) => ParamValue::Bool(*v),
                Node::Int(v) => ParamValue::Int(*v),
                Node::Float(v) => ParamValue::Float(*v),
                Node::String(v) => ParamValue::from(v.as_str()),
                _ => return None,
            };
            Some((name.as_str()?.to_owned(), value))
        })
        .collect()
}

/// Records how a product was made.
fn record(meta: &mut Metadata, provenance: &Provenance<'_>) {
    for (kind, name) in provenance.references {
        meta.set(&format!("meta.ref_file.{kind}.name"), name.as_str());
    }
    if let Some((context, version)) = provenance.reference_system {
        meta.set("meta.ref_file.crds.context_used", context);
        meta.set("meta.ref_file.crds.sw_version", version);
    }
    meta.set(
        "meta.calibration_software_version",
        env!("CARGO_PKG_VERSION"),
    );
    meta.set("meta.calibration_software_revision", "RELEASE");
    let log: Vec<Node> = provenance
        .log
        .iter()
        .map(|line| Node::from(line.as_str()))
        .collect();
    set_in(meta, "cal_logs", provenance.log_key, Node::Sequence(log));
    set_in(
        meta,
        "cal_parameters",
        provenance.log_key,
        provenance.settings.to_node(),
    );
}

/// Sets an entry of a mapping at the root; keys may hold any character.
fn set_in(meta: &mut Metadata, root: &str, key: &str, value: Node) {
    if meta.get(root).and_then(Node::as_mapping).is_none() {
        meta.set(root, Mapping::new());
    }
    if let Some(mapping) = meta.tree_mut().get_mut(root).and_then(Node::as_mapping_mut) {
        mapping.insert(key, value);
    }
}

macro_rules! product {
    ($model:ty, $array:ident) => {
        impl Product for $model {
            fn selection(&self) -> Values {
                selection(&self.meta)
            }

            fn describe(&self) -> String {
                let shape: Vec<String> = self.$array.shape().iter().map(usize::to_string).collect();
                format!("{}({})", Self::MODEL_TYPE, shape.join(", "))
            }

            fn file_name(&self) -> Option<String> {
                self.meta.text("meta.filename").map(str::to_string)
            }

            fn set_file_name(&mut self, name: &str) {
                self.meta.set("meta.filename", name);
            }

            fn set_status(&mut self, key: &str, status: Status) {
                self.meta
                    .set(&format!("meta.cal_step.{key}"), status.as_str());
            }

            fn set_skip_reason(&mut self, key: &str, reason: &SkipReason) {
                set_in(
                    &mut self.meta,
                    "cal_skip_reasons",
                    key,
                    Node::from(reason.to_string()),
                );
            }

            fn summary(&self, key: &str) -> Summary {
                summary(&self.meta, key)
            }

            fn record(&mut self, provenance: &Provenance<'_>) {
                record(&mut self.meta, provenance);
            }

            fn save(&mut self, path: &Path) -> Result<(), BoxError> {
                Ok(Model::save(self, path)?)
            }
        }
    };
}

product!(RampModel, data);
product!(ImageModel, data);
product!(CubeModel, data);
product!(PlainImageModel, data);
product!(ResampledModel, data);
product!(SegmentationMapModel, data);
product!(RampFitOutputModel, slope);
product!(GuiderRawModel, data);
product!(GuiderCalModel, data);

/// Makes a product of a model of two kinds: every call goes to the one that it is.
macro_rules! either {
    ($model:ident, $first:ident, $second:ident) => {
        impl $model {
            fn product(&self) -> &dyn Product {
                match self {
                    Self::$first(model) => model,
                    Self::$second(model) => model,
                }
            }

            fn product_mut(&mut self) -> &mut dyn Product {
                match self {
                    Self::$first(model) => model,
                    Self::$second(model) => model,
                }
            }
        }

        impl Product for $model {
            fn selection(&self) -> Values {
                self.product().selection()
            }

            fn describe(&self) -> String {
                self.product().describe()
            }

            fn file_name(&self) -> Option<String> {
                self.product().file_name()
            }

            fn set_file_name(&mut self, name: &str) {
                self.product_mut().set_file_name(name);
            }

            fn set_status(&mut self, key: &str, status: Status) {
                self.product_mut().set_status(key, status);
            }

            fn set_skip_reason(&mut self, key: &str, reason: &SkipReason) {
                self.product_mut().set_skip_reason(key, reason);
            }

            fn summary(&self, key: &str) -> Summary {
                self.product().summary(key)
            }

            fn record(&mut self, provenance: &Provenance<'_>) {
                self.product_mut().record(provenance);
            }

            fn save(&mut self, path: &Path) -> Result<(), BoxError> {
                self.product_mut().save(path)
            }
        }
    };
}

either!(RateModel, Image, Cube);
either!(GuiderModel, Raw, Cal);

/// An exposure of a library is saved with the arrays that its file holds, or those that took their place.
impl Product for library::Exposure {
    fn selection(&self) -> Values {
        selection(&self.meta)
    }

    fn describe(&self) -> String {
        let (rows, columns) = self.shape();
        format!("{}({rows}, {columns})", ImageModel::MODEL_TYPE)
    }

    fn file_name(&self) -> Option<String> {
        self.meta.text("meta.filename").map(str::to_string)
    }

    fn set_file_name(&mut self, name: &str) {
        self.meta.set("meta.filename", name);
    }

    fn set_status(&mut self, key: &str, status: Status) {
        let status = self.settled_status(key).unwrap_or(status.as_str());
        self.meta.set(&format!("meta.cal_step.{key}"), status);
    }

    fn set_skip_reason(&mut self, key: &str, reason: &SkipReason) {
        set_in(
            &mut self.meta,
            "cal_skip_reasons",
            key,
            Node::from(reason.to_string()),
        );
    }

    fn summary(&self, key: &str) -> Summary {
        summary(&self.meta, key)
    }

    fn record(&mut self, provenance: &Provenance<'_>) {
        record(&mut self.meta, provenance);
    }

    fn save(&mut self, path: &Path) -> Result<(), BoxError> {
        Ok(self.write(path)?)
    }
}

impl Products for Library {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        let exposures = self.exposures_mut().iter_mut();
        exposures
            .map(|exposure| Some(exposure as &mut dyn Product))
            .collect()
    }

    fn always_numbered(&self) -> bool {
        true
    }
}

/// A file of waves is named and saved like a product, as ASDF; nothing else is recorded in it.
impl Product for EmiWaves {
    fn selection(&self) -> Values {
        Values::new()
    }

    fn describe(&self) -> String {
        format!("EmiModel({} waves)", self.case.waves.len())
    }

    fn file_name(&self) -> Option<String> {
        None
    }

    fn set_file_name(&mut self, _name: &str) {}

    fn set_status(&mut self, _key: &str, _status: Status) {}

    fn set_skip_reason(&mut self, _key: &str, _reason: &SkipReason) {}

    fn record(&mut self, _provenance: &Provenance<'_>) {}

    fn save(&mut self, path: &Path) -> Result<(), BoxError> {
        Ok(Self::save(self, path)?)
    }
}

/// A catalogue says nothing of how it was made; it is text, whatever images are.
impl Product for SourceCatalogModel {
    fn summary(&self, _key: &str) -> Summary {
        let sources = i64::try_from(self.table.len()).unwrap_or(i64::MAX);
        Summary::from_iter([("sources", ParamValue::Int(sources))])
    }

    fn selection(&self) -> Values {
        Values::new()
    }

    fn describe(&self) -> String {
        format!("QTable({} sources)", self.table.len())
    }

    fn file_name(&self) -> Option<String> {
        self.file_name.clone()
    }

    fn set_file_name(&mut self, name: &str) {
        self.file_name = Some(name.to_owned());
    }

    fn extension(&self) -> Option<&str> {
        Some(".ecsv")
    }

    fn set_status(&mut self, _key: &str, _status: Status) {}

    fn set_skip_reason(&mut self, _key: &str, _reason: &SkipReason) {}

    fn record(&mut self, _provenance: &Provenance<'_>) {}

    fn save(&mut self, path: &Path) -> Result<(), BoxError> {
        Ok(Self::save(self, path)?)
    }
}

impl Product for ExposureModel {
    fn selection(&self) -> Values {
        selection(self.meta())
    }

    fn describe(&self) -> String {
        match self {
            Self::Ramp(ramp) => ramp.describe(),
            Self::Rate(rate) => rate.describe(),
        }
    }

    fn file_name(&self) -> Option<String> {
        self.meta().text("meta.filename").map(str::to_string)
    }

    fn set_file_name(&mut self, name: &str) {
        self.meta_mut().set("meta.filename", name);
    }

    fn set_status(&mut self, key: &str, status: Status) {
        match self {
            Self::Ramp(ramp) => ramp.set_status(key, status),
            Self::Rate(rate) => rate.set_status(key, status),
        }
    }

    fn set_skip_reason(&mut self, key: &str, reason: &SkipReason) {
        match self {
            Self::Ramp(ramp) => ramp.set_skip_reason(key, reason),
            Self::Rate(rate) => rate.set_skip_reason(key, reason),
        }
    }

    fn summary(&self, key: &str) -> Summary {
        summary(self.meta(), key)
    }

    fn record(&mut self, provenance: &Provenance<'_>) {
        record(self.meta_mut(), provenance);
    }

    fn save(&mut self, path: &Path) -> Result<(), BoxError> {
        match self {
            Self::Ramp(ramp) => Product::save(&mut **ramp, path),
            Self::Rate(rate) => Product::save(&mut **rate, path),
        }
    }
}

/// What a step saves of its inner workings says how the exposure was made, not how it was made itself.
impl Product for IntermediateModel {
    fn selection(&self) -> Values {
        selection(&self.meta)
    }

    fn describe(&self) -> String {
        format!("{}{:?}", self.meta.model_type(), self.data.shape())
    }

    fn file_name(&self) -> Option<String> {
        self.meta.text("meta.filename").map(str::to_string)
    }

    fn set_file_name(&mut self, name: &str) {
        self.meta.set("meta.filename", name);
    }

    fn set_status(&mut self, key: &str, status: Status) {
        self.meta
            .set(&format!("meta.cal_step.{key}"), status.as_str());
    }

    fn set_skip_reason(&mut self, key: &str, reason: &SkipReason) {
        set_in(
            &mut self.meta,
            "cal_skip_reasons",
            key,
            Node::from(reason.to_string()),
        );
    }

    fn record(&mut self, provenance: &Provenance<'_>) {
        record(&mut self.meta, provenance);
    }

    fn save(&mut self, path: &Path) -> Result<(), BoxError> {
        Ok(IntermediateModel::save(self, path)?)
    }
}

/// A mean of exposures is saved under the name of the run, and does not say how it was made.
impl Product for MeanBackgroundModel {
    fn selection(&self) -> Values {
        Values::new()
    }

    fn describe(&self) -> String {
        let (rows, columns) = self.data.dim();
        format!("{}({rows}, {columns})", Self::MODEL_TYPE)
    }

    fn file_name(&self) -> Option<String> {
        None
    }

    fn set_file_name(&mut self, _name: &str) {}

    fn set_status(&mut self, _key: &str, _status: Status) {}

    fn set_skip_reason(&mut self, _key: &str, _reason: &SkipReason) {}

    fn record(&mut self, _provenance: &Provenance<'_>) {}

    fn save(&mut self, path: &Path) -> Result<(), BoxError> {
        Ok(Self::save(self, path)?)
    }
}
