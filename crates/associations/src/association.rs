//! An association in memory.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::paths::resolve;
use crate::{AssociationError, MemberPaths, Role};

/// What the reference package writes where there is no association.
const NO_ASSOCIATION: &str = "singleton";

/// Which files make which products.
#[derive(Debug, Clone, PartialEq)]
pub struct Association {
    /// The file that it was read from.
    pub(crate) file: Option<PathBuf>,
    /// The directory that the names of members are relative to.
    pub(crate) directory: PathBuf,
    /// The products.
    pub products: Vec<Product>,
    /// Everything else that the file says.
    pub other: Map<String, Value>,
}

/// A product and what it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Its name, without suffix and extension; as a rule.
    pub name: String,
    /// What it is made of.
    pub members: Vec<Member>,
}

/// A file that a product is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name, relative to the directory of the association (`expname`).
    pub name: String,
    /// Its part (`exptype`).
    pub role: Role,
    /// Everything else that the file says of it, such as `group_id`.
    pub other: Map<String, Value>,
}

impl Association {
    /// The association of a single exposure: one product, named after the file, with one member.
    ///
    /// ```
    /// use associations::{Association, MemberPaths, Role};
    /// let association = Association::of_exposure("data/jw01_rate.fits".as_ref());
    /// let product = &association.products[0];
    /// assert_eq!(product.name, "jw01_rate.fits");
    /// let science = association.only(product, &Role::Science)?;
    /// let path = association.path_of(science, MemberPaths::Inside)?;
    /// assert_eq!(path, std::path::Path::new("data/jw01_rate.fits"));
    /// # Ok::<(), associations::AssociationError>(())
    /// ```
    pub fn of_exposure(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let member = Member {
            name: name.to_string(),
            role: Role::Science,
            other: Map::new(),
        };
        Self {
            file: None,
            directory: path.parent().unwrap_or(Path::new("")).to_path_buf(),
            products: vec![Product {
                name: name.into_owned(),
                members: vec![member],
            }],
            other: Map::new(),
        }
    }

    /// The file that it was read from; `None` for that of a single exposure.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The file that it was read from, without directory.
    pub fn file_name(&self) -> &str {
        let name = self.file.as_deref().and_then(Path::file_name);
        name.and_then(|name| name.to_str())
            .unwrap_or(NO_ASSOCIATION)
    }

    /// The pool that it was made from (`asn_pool`).
    pub fn pool(&self) -> &str {
        let none = if self.file.is_some() {
            "none"
        } else {
            NO_ASSOCIATION
        };
        self.text("asn_pool").unwrap_or(none)
    }

    /// A text at the top of the file, such as `asn_type`, `asn_id` or `target`.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.other.get(key).and_then(Value::as_str)
    }

    /// Where a member is.
    ///
    /// # Errors
    /// [`AssociationError::Outside`] if its name leads to a place that is not allowed.
    pub fn path_of(
        &self,
        member: &Member,
        allowed: MemberPaths,
    ) -> Result<PathBuf, AssociationError> {
        self.path_of_file(&member.name, allowed)
    }

    /// Where a file is that the association names, such as the catalogue of a member.
    ///
    /// # Errors
    /// As [`Self::path_of`].
    pub fn path_of_file(
        &self,
        name: &str,
        allowed: MemberPaths,
    ) -> Result<PathBuf, AssociationError> {
        resolve(&self.directory, name, allowed).ok_or_else(|| AssociationError::Outside {
            association: self.named(),
            member: name.to_owned(),
        })
    }

    /// Where the members of a role are, in the order of the file.
    ///
    /// # Errors
    /// As [`Self::path_of`].
    pub fn paths_of(
        &self,
        product: &Product,
        role: &Role,
        allowed: MemberPaths,
    ) -> Result<Vec<PathBuf>, AssociationError> {
        product
            .members_of(role)
            .map(|member| self.path_of(member, allowed))
            .collect()
    }

    /// Checks that the members of all products are there.
    ///
    /// # Errors
    /// [`AssociationError::Missing`] with all that are not, or as [`Self::path_of`].
    pub fn check_members(&self, allowed: MemberPaths) -> Result<(), AssociationError> {
        let mut missing = Vec::new();
        let mut seen = HashSet::new();
        for member in self.products.iter().flat_map(|product| &product.members) {
            let path = self.path_of(member, allowed)?;
            if seen.insert(path.clone()) && !path.is_file() {
                missing.push(path);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(AssociationError::Missing {
            association: self.named(),
            members: missing,
        })
    }

    /// The first member of a role, of which there should be one.
    ///
    /// # Errors
    /// [`AssociationError::NoMember`] if there is none.
    pub fn only<'a>(
        &self,
        product: &'a Product,
        role: &Role,
    ) -> Result<&'a Member, AssociationError> {
        let first = product.members_of(role).next();
        first.ok_or_else(|| AssociationError::NoMember {
            association: self.named(),
            product: product.name.clone(),
            role: role.to_string(),
        })
    }

    fn named(&self) -> PathBuf {
        self.file
            .clone()
            .unwrap_or_else(|| PathBuf::from(NO_ASSOCIATION))
    }
}

impl Product {
    /// The members of a role, in the order of the file.
    pub fn members_of<'a>(&'a self, role: &Role) -> impl Iterator<Item = &'a Member> + use<'a> {
        let role = role.clone();
        self.members
            .iter()
            .filter(move |member| member.role == role)
    }
}
