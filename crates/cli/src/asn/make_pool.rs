//! `asn_make_pool`.

use std::path::PathBuf;

use associations::{Pool, PoolNotes};
use clap::Args;
use stpipe::Mission;

use super::Tool;
use crate::{Failure, Streams};

/// Create a pool from exposures
#[derive(Debug, Args)]
pub(crate) struct MakePool {
    /// Pool to write
    pool: PathBuf,
    /// Exposures
    #[arg(required = true)]
    data: Vec<PathBuf>,
    /// Further candidates of all exposures, as a list in Python's notation
    #[arg(long)]
    asn_candidate: Option<String>,
    /// Notes
    #[arg(long, default_value = "")]
    dms_note: String,
    /// t for exposures of the light that leaks in
    #[arg(long, default_value = "f")]
    is_imprt: String,
    /// Class of the exposures
    #[arg(long, default_value = "science")]
    pntgtype: String,
    /// Kept for scripts
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
}

impl Tool for MakePool {
    const NAME: &'static str = "asn_make_pool";

    fn run(&self, _mission: &dyn Mission, _streams: &Streams) -> Result<(), Failure> {
        let notes = PoolNotes {
            asn_candidate: self.asn_candidate.clone(),
            dms_note: self.dms_note.clone(),
            is_imprt: self.is_imprt.clone(),
            pntgtype: self.pntgtype.clone(),
        };
        let mut pool = Pool::default();
        for path in &self.data {
            pool.add(pipelines::pool_keywords(path)?, &notes);
        }
        pool.save(&self.pool)?;
        Ok(())
    }
}
