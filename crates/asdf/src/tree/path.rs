//! Dotted paths: `meta.exposure.type`, `steps[0].name`, `steps.0.name`.

use crate::Error;

use super::{Mapping, Node};

/// The parts of a path. `a[3].b` and `a.3.b` mean the same.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split(['.', '[']).filter_map(|part| {
        let part = part.strip_suffix(']').unwrap_or(part);
        (!part.is_empty()).then_some(part)
    })
}

fn child<'a>(node: &'a Node, part: &str) -> Option<&'a Node> {
    match node.untagged() {
        Node::Mapping(map) => map.get(part),
        Node::Sequence(items) => items.get(part.parse::<usize>().ok()?),
        _ => None,
    }
}

fn child_mut<'a>(node: &'a mut Node, part: &str) -> Option<&'a mut Node> {
    match node.untagged_mut() {
        Node::Mapping(map) => map.get_mut(part),
        Node::Sequence(items) => items.get_mut(part.parse::<usize>().ok()?),
        _ => None,
    }
}

impl Node {
    /// The value at a dotted path. Tags on the way are looked through; a number indexes a list. The empty path is the
    /// node itself. Keys that hold a dot or a bracket cannot be named by a path.
    pub fn get_path(&self, path: &str) -> Option<&Self> {
        parts(path).try_fold(self, child)
    }

    /// The value at a dotted path, to change it.
    pub fn get_path_mut(&mut self, path: &str) -> Option<&mut Self> {
        let mut node = self;
        for part in parts(path) {
            node = child_mut(node, part)?;
        }
        Some(node)
    }

    /// Sets the value at a dotted path and returns what was there. Mappings that are missing, or `null`, are created;
    /// one more item may be added at the end of a list.
    ///
    /// # Errors
    /// [`Error::Path`] if the path goes through a scalar or an array, or beyond the end of a list.
    pub fn set_path(&mut self, path: &str, value: impl Into<Self>) -> Result<Option<Self>, Error> {
        let refuse = |at: &str| Error::Path {
            path: path.to_owned(),
            at: at.to_owned(),
        };
        let mut node = self;
        for part in parts(path) {
            let here = node.untagged_mut();
            if matches!(here, Self::Null) {
                *here = Self::Mapping(Mapping::new());
            }
            node = match here {
                Self::Mapping(map) => map.get_or_insert_with(part, || Self::Null),
                Self::Sequence(items) => {
                    let index: usize = part.parse().map_err(|_| refuse(part))?;
                    if index == items.len() {
                        items.push(Self::Null);
                    }
                    items.get_mut(index).ok_or_else(|| refuse(part))?
                }
                _ => return Err(refuse(part)),
            };
        }
        let old = std::mem::replace(node, value.into());
        Ok((!matches!(old, Self::Null)).then_some(old))
    }

    /// Takes the value at a dotted path out. `None` if there is none; the empty path takes nothing.
    pub fn remove_path(&mut self, path: &str) -> Option<Self> {
        let all: Vec<&str> = parts(path).collect();
        let (last, way) = all.split_last()?;
        let mut node = self;
        for part in way {
            node = child_mut(node, part)?;
        }
        match node.untagged_mut() {
            Self::Mapping(map) => map.remove(last),
            Self::Sequence(items) => {
                let index: usize = last.parse().ok()?;
                (index < items.len()).then(|| items.remove(index))
            }
            _ => None,
        }
    }
}
