//! Comparison of ASDF files.

use asdf::{AsdfFile, Mapping, NdArray, Node};

use super::header::{child, describe, same_leaf};
use super::report::{Finding, Report};
use super::tolerance::ToleranceSpec;
use super::values::ValueDifference;

/// What records how a file was written, at the root.
const WRITER: [&str; 2] = ["asdf_library", "history"];

/// Two files, compared node by node.
struct Pair<'a> {
    ours: &'a AsdfFile,
    reference: &'a AsdfFile,
    spec: &'a ToleranceSpec,
}

pub(super) fn compare(
    ours: &AsdfFile,
    reference: &AsdfFile,
    spec: &ToleranceSpec,
    report: &mut Report,
) {
    let pair = Pair {
        ours,
        reference,
        spec,
    };
    pair.nodes("", &ours.tree, &reference.tree, report);
}

impl Pair<'_> {
    fn nodes(&self, path: &str, ours: &Node, reference: &Node, report: &mut Report) {
        if self.spec.ignores_path(path) || WRITER.contains(&path) {
            return;
        }
        let (a, b) = (ours.untagged(), reference.untagged());
        match (a, b) {
            (Node::Mapping(a), Node::Mapping(b)) => return self.mappings(path, a, b, report),
            (Node::Sequence(a), Node::Sequence(b)) if a.len() == b.len() => {
                for (number, (a, b)) in a.iter().zip(b).enumerate() {
                    self.nodes(&format!("{path}[{number}]"), a, b, report);
                }
                return;
            }
            _ => {}
        }
        report.compared += 1;
        let arrays = a.as_ndarray().zip(b.as_ndarray());
        if let Some((own, other)) = arrays
            && self.arrays(path, own, other, report)
        {
            return;
        }
        let name = path.rsplit_once('.').map_or(path, |(_, name)| name);
        if !same_leaf(a, b, self.spec.of_number(name)) {
            report.findings.push(Finding::Node {
                path: path.to_owned(),
                ours: describe(a),
                reference: describe(b),
            });
        }
    }

    fn mappings(&self, path: &str, ours: &Mapping, reference: &Mapping, report: &mut Report) {
        let below = |key: &Node| {
            let path = child(path, key);
            path.strip_prefix('.').map_or(path.clone(), str::to_owned)
        };
        for (key, node) in reference {
            let own = ours.get_node(key).unwrap_or(&Node::Null);
            self.nodes(&below(key), own, node, report);
        }
        for (key, node) in ours {
            if reference.get_node(key).is_none() {
                self.nodes(&below(key), node, &Node::Null, report);
            }
        }
    }

    /// Compares arrays of numbers; false if they are of another kind.
    fn arrays(&self, path: &str, a: &NdArray, b: &NdArray, report: &mut Report) -> bool {
        let (Ok((a, shape)), Ok((b, expected))) =
            (self.ours.array_f64(a), self.reference.array_f64(b))
        else {
            return false;
        };
        if shape != expected {
            report.findings.push(Finding::Layout {
                hdu: path.to_owned(),
                ours: format!("an array of shape {shape:?}"),
                reference: format!("an array of shape {expected:?}"),
            });
            return true;
        }
        let name = path.rsplit_once('.').map_or(path, |(_, name)| name);
        let difference = ValueDifference::of(&a, &b, &shape, self.spec.of(name));
        report.values(path.to_owned(), difference, self.spec);
        true
    }
}
