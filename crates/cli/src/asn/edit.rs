//! `asn_edit`.

use std::path::{Path, PathBuf};

use associations::{Association, Role};
use clap::Args;
use stpipe::Mission;
use stpipe::naming::remove_suffix;

use super::Tool;
use crate::{Failure, Streams};

/// Add files to an association, or remove them
#[derive(Debug, Args)]
pub(crate) struct Edit {
    /// Add files
    #[arg(
        short,
        long,
        required_unless_present = "remove",
        conflicts_with = "remove"
    )]
    add: bool,
    /// Remove files
    #[arg(short, long)]
    remove: bool,
    /// Type of the exposures that are added
    #[arg(short = 't', long = "type", default_value = "science")]
    exptype: String,
    /// Do not look at suffixes of the files to be removed
    #[arg(short, long)]
    ignore: bool,
    /// Association to write, if it is not the one that is read
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Association
    association: PathBuf,
    /// Files
    #[arg(required = true)]
    filenames: Vec<String>,
}

impl Tool for Edit {
    const NAME: &'static str = "asn_edit";

    fn run(&self, mission: &dyn Mission, streams: &Streams) -> Result<(), Failure> {
        let mut association = Association::open(&self.association)?;
        if self.add {
            association.add(&self.filenames, &Role::from_name(&self.exptype));
        } else {
            let without_suffix = |name: &str| {
                let stem = Path::new(name).file_stem().unwrap_or_default();
                remove_suffix(&stem.to_string_lossy(), mission.suffixes())
                    .0
                    .to_owned()
            };
            let whole = |name: &str| name.to_owned();
            let key: &dyn Fn(&str) -> String = if self.ignore { &without_suffix } else { &whole };
            let missing = association.remove(&self.filenames, key);
            if !missing.is_empty() {
                let missing = missing.join(",");
                streams.complain(&format!(
                    "asn_edit: warning: Filenames not found: {missing}\n"
                ));
            }
        }
        association.save(self.output.as_ref().unwrap_or(&self.association))?;
        Ok(())
    }
}
