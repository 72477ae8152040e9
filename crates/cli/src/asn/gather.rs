//! `asn_gather`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow, bail};
use associations::{Association, Member};
use clap::Args;
use stpipe::Mission;

use super::Tool;
use crate::{Failure, Streams};

/// Copy an association and its members to another folder
///
/// Members are copied unless the folder has a file of that name which is as new. In the copy of the association they have
/// no folders.
#[derive(Debug, Args)]
pub(crate) struct Gather {
    /// Association to gather
    association: PathBuf,
    /// Folder to copy the association to
    destination: PathBuf,
    /// Folder of the members, if it is not that of the association
    #[arg(short, long)]
    source: Option<PathBuf>,
    /// Type of exposures to gather, may be given several times; all if not given
    #[arg(short = 't', long)]
    exp_types: Vec<String>,
    /// Type of exposures not to gather, may be given several times
    #[arg(short = 'x', long)]
    exclude_types: Vec<String>,
    /// Say more
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Program and arguments that copy a file, instead of the built-in copying; file and destination come after them
    #[arg(short, long)]
    cmd: Option<String>,
}

impl Tool for Gather {
    const NAME: &'static str = "asn_gather";

    fn run(&self, _mission: &dyn Mission, streams: &Streams) -> Result<(), Failure> {
        let mut association = Association::open(&self.association)?;
        association.retain(|member| self.wants(member));
        if association.products.is_empty() {
            return Err(anyhow!("No products could be gathered.").into());
        }
        let beside = self.association.parent().unwrap_or(Path::new(""));
        let folder = self.source.as_deref().unwrap_or(beside);
        let members = association.products.iter_mut();
        for member in members.flat_map(|product| &mut product.members) {
            let source = folder.join(&member.name);
            let name = source.file_name().map(Path::new);
            let name = name.ok_or_else(|| anyhow!("{} names no file", member.name))?;
            let name = name.to_string_lossy().into_owned();
            if self.verbose > 0 {
                streams.complain(&format!("*** Copying member {name}\n"));
            }
            self.copy(&source, &self.destination.join(&name))
                .with_context(|| format!("cannot copy {}", source.display()))?;
            member.name = name;
        }
        let name = self.association.file_name().unwrap_or_default();
        association.save(&self.destination.join(name))?;
        Ok(())
    }
}

impl Gather {
    fn wants(&self, member: &Member) -> bool {
        let is_in = |list: &[String]| list.iter().any(|name| name == member.role.name());
        !is_in(&self.exclude_types) && (self.exp_types.is_empty() || is_in(&self.exp_types))
    }

    fn copy(&self, source: &Path, destination: &Path) -> anyhow::Result<()> {
        if let Some(words) = &self.cmd {
            let mut words = words.split_whitespace();
            let program = words.next().context("--cmd names no program")?;
            let command = Command::new(program)
                .args(words)
                .arg(source)
                .arg(destination)
                .output()
                .with_context(|| format!("cannot run {program}"))?;
            if !command.status.success() {
                bail!("{program}: {}", String::from_utf8_lossy(&command.stderr));
            }
            return Ok(());
        }
        let modified = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified());
        let time = modified(source)?;
        if modified(destination).is_ok_and(|present| present >= time) {
            return Ok(());
        }
        let name = destination.file_name().unwrap_or_default();
        let draft = format!(".{}.{}", name.to_string_lossy(), std::process::id());
        let draft = destination.with_file_name(draft);
        let copied = fs::copy(source, &draft)
            .and_then(|_| {
                fs::File::options()
                    .write(true)
                    .open(&draft)?
                    .set_modified(time)
            })
            .and_then(|()| fs::rename(&draft, destination));
        if copied.is_err() {
            // The draft may not be there; the error that is told is the first.
            let _ = fs::remove_file(&draft);
        }
        Ok(copied?)
    }
}
