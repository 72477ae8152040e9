//! The mission that the programs run on.

use std::path::Path;
use std::sync::Arc;

use crds::{Client, Config, Observatory};
use stpipe::{BoxError, Mission, ReferenceSource, Task, Values};

/// JWST without steps.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jwst;

impl Mission for Jwst {
    fn software(&self) -> (&str, &str) {
        ("jwst", env!("CARGO_PKG_VERSION"))
    }

    fn suffixes(&self) -> &[&str] {
        &[]
    }

    fn tasks(&self) -> &[Arc<dyn Task>] {
        &[]
    }

    fn selection(&self, _: &Path) -> Result<Values, BoxError> {
        Err("this build has no data models".into())
    }

    fn references(&self) -> Result<Box<dyn ReferenceSource>, BoxError> {
        let config = Config::from_env(Observatory::jwst())?;
        Ok(Box::new(Client::open(config)?))
    }
}
