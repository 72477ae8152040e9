//! What can be wrong with an association.

use std::path::PathBuf;

/// What is wrong with an association.
#[derive(Debug, thiserror::Error)]
pub enum AssociationError {
    /// The file cannot be read.
    #[error("cannot read the association {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is larger than any association is.
    #[error("the association {} has {bytes} bytes; expected {limit} at most", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The file is no JSON.
    #[error("{} is no association: expected JSON", .path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Where it breaks.
        source: serde_json::Error,
    },
    /// Something is missing, or of another type.
    #[error("association {}: {place}: expected {expected}, found {found}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Where in it, such as `products[0].members[1].expname`.
        place: String,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The file cannot be written.
    #[error("cannot write {}", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A member lies outside of the association's directory.
    #[error("association {}: the member {member} is outside of its directory", .association.display())]
    Outside {
        /// The association.
        association: PathBuf,
        /// The member.
        member: String,
    },
    /// Members are not there.
    #[error("association {}: no such file: {}", .association.display(), list(.members))]
    Missing {
        /// The association.
        association: PathBuf,
        /// All members that are not there.
        members: Vec<PathBuf>,
    },
    /// A product has no member of a role that it needs.
    #[error("association {}: the product {product} has no member of type {role}", .association.display())]
    NoMember {
        /// The association.
        association: PathBuf,
        /// The product.
        product: String,
        /// The role.
        role: String,
    },
}

/// How many missing members a message names.
const NAMED: usize = 20;

fn list(paths: &[PathBuf]) -> String {
    let named = paths.iter().take(NAMED);
    let named: Vec<String> = named.map(|path| path.display().to_string()).collect();
    match paths.len().checked_sub(NAMED) {
        None | Some(0) => named.join(", "),
        Some(more) => format!("{}, and {more} more", named.join(", ")),
    }
}
