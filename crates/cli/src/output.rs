//! Files that the user names for pictures and pages: their names, and what is said when they are there.

use std::path::{Path, PathBuf};

use crate::{Failure, Streams};

/// A path whose extension is one of those given.
pub(crate) fn named(text: &str, extensions: &[&str]) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let extension = path.extension().and_then(|extension| extension.to_str());
    let fits = extension.is_some_and(|found| {
        extensions
            .iter()
            .any(|known| known.eq_ignore_ascii_case(found))
    });
    if fits {
        Ok(path)
    } else {
        Err(format!("expected a name that ends in .{}", extensions[0]))
    }
}

/// Says what has been written, after what there is to note about it.
pub(crate) fn announce(
    streams: &Streams,
    path: &Path,
    what: &str,
    notes: &[String],
) -> Result<(), Failure> {
    for note in notes {
        streams.complain(&format!("jwst: note: {note}\n"));
    }
    Ok(streams.print(&format!("{}: {what}\n", path.display()))?)
}
