//! Where members are.

use std::path::{Component, Path, PathBuf};

/// Which paths of members are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MemberPaths {
    /// Those in the directory of the association and below.
    #[default]
    Inside,
    /// All.
    Anywhere,
}

/// The path of a member of an association in `directory`; `None` if it is not allowed.
///
/// What the paths say decides: links are not followed.
pub(crate) fn resolve(directory: &Path, member: &str, allowed: MemberPaths) -> Option<PathBuf> {
    let path = directory.join(member);
    let is_inside = || {
        let absolute = |path: &Path| std::path::absolute(path).ok().and_then(|p| plain(&p));
        let directory = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        match (absolute(&path), absolute(directory)) {
            (Some(path), Some(directory)) => path.starts_with(directory),
            _ => false,
        }
    };
    (allowed == MemberPaths::Anywhere || is_inside()).then_some(path)
}

/// A path without `.` and `..`; `None` if it climbs above its root.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !plain.pop() {
                    return None;
                }
            }
            other => plain.push(other),
        }
    }
    Some(plain)
}
