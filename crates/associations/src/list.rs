//! Associations of files that somebody lists.

use std::path::Path;

use serde_json::{Map, Value};

use crate::{Association, Member, Product, Role};

/// Which products a list of files makes.
#[derive(Clone, Copy)]
pub enum ListRule<'a> {
    /// One product of all files (`DMS_Level3_Base`).
    Level3 {
        /// Its name.
        product: &'a str,
    },
    /// One product of each file (`DMSLevel2bBase`).
    Level2 {
        /// The name of the product of a file, from its path without extension: that without the suffix.
        root_of: &'a dyn Fn(&str) -> String,
    },
}

/// The identifier of the first association that is made of observations as found.
const DISCOVERED: &str = "a3001";

impl ListRule<'_> {
    /// The name in associations.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Level3 { .. } => "DMS_Level3_Base",
            Self::Level2 { .. } => "DMSLevel2bBase",
        }
    }
}

impl Association {
    /// The association of science exposures that are listed by name. `code_version` is noted in it.
    ///
    /// Parity: jwst 3.0.0 `asn_from_list` gives every such association the identifier `a3001`, whatever is asked for.
    ///
    /// ```
    /// use associations::{Association, ListRule};
    /// let files = ["data/jw1_nrcb1_rate.fits".to_owned()];
    /// let root = |path: &str| path.trim_end_matches("_rate").to_owned();
    /// let association = Association::from_list(&files, ListRule::Level2 { root_of: &root }, "1.0");
    /// assert_eq!(association.products[0].name, "data/jw1_nrcb1");
    /// assert_eq!(association.products[0].members[0].name, "data/jw1_nrcb1_rate.fits");
    /// ```
    pub fn from_list(files: &[String], rule: ListRule<'_>, code_version: &str) -> Self {
        let members = files.iter().map(|name| Member {
            name: name.clone(),
            role: Role::Science,
            other: Map::new(),
        });
        let products = match rule {
            ListRule::Level3 { product } => vec![Product {
                name: product.to_owned(),
                members: members.collect(),
            }],
            ListRule::Level2 { root_of } => members
                .map(|member| Product {
                    name: root_of(&Path::new(&member.name).with_extension("").to_string_lossy()),
                    members: vec![member],
                })
                .collect(),
        };
        let mut other = Map::new();
        let mut set = |key: &str, value: Value| other.insert(key.to_owned(), value);
        set("asn_type", "None".into());
        set("asn_rule", rule.name().into());
        set("version_id", Value::Null);
        set("code_version", code_version.into());
        let intact = "No known degraded exposures in association.";
        set("degraded_status", intact.into());
        set("program", "noprogram".into());
        set("constraints", "No constraints".into());
        set("asn_id", DISCOVERED.into());
        if let ListRule::Level3 { .. } = rule {
            set("target", "none".into());
        }
        set("asn_pool", "none".into());
        Self {
            file: None,
            directory: Path::new("").to_path_buf(),
            products,
            other,
        }
    }
}
