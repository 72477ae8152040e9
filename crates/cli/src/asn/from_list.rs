//! `asn_from_list`.

use std::path::PathBuf;

use associations::{Association, ListRule};
use clap::Args;
use stpipe::Mission;
use stpipe::naming::remove_suffix;

use super::Tool;
use crate::{Failure, Streams};

/// Create an association from a list of files
///
/// Members are found relative to the folder of the association.
#[derive(Debug, Args)]
pub(crate) struct FromList {
    /// File to write the association to
    #[arg(short, long)]
    output_file: PathBuf,
    /// Format of the association file
    #[arg(short, long, default_value = "json", value_parser = ["json"])]
    format: String,
    /// Product name of a level 3 association
    #[arg(long)]
    product_name: Option<String>,
    /// Rule that the association follows
    #[arg(short, long, default_value = "DMS_Level3_Base", value_parser = ["DMS_Level3_Base", "DMSLevel2bBase"])]
    rule: String,
    /// Candidate identifier; kept for scripts, the association is a3001 in any case
    #[arg(short, long, default_value = "o999")]
    id: String,
    /// Files to include
    #[arg(required = true)]
    filelist: Vec<String>,
}

impl Tool for FromList {
    const NAME: &'static str = "asn_from_list";

    fn run(&self, mission: &dyn Mission, streams: &Streams) -> Result<(), Failure> {
        let root_of = |path: &str| remove_suffix(path, mission.suffixes()).0.to_owned();
        let rule = if self.rule == "DMSLevel2bBase" {
            ListRule::Level2 { root_of: &root_of }
        } else {
            let Some(product) = &self.product_name else {
                let message = "--product-name is needed for a level 3 association";
                return Err(Failure::Usage(message.to_owned()));
            };
            ListRule::Level3 { product }
        };
        if self.filelist.iter().any(|file| file.contains('/')) {
            streams.complain(
                "asn_from_list: warning: files are listed with folders: the association cannot be moved without them\n",
            );
        }
        let (_, version) = mission.software();
        Association::from_list(&self.filelist, rule, version).save(&self.output_file)?;
        Ok(())
    }
}
