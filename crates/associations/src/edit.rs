//! Members that come and go.

use std::path::Path;

use serde_json::Map;

use crate::{Association, Member, Role};

impl Association {
    /// Adds files to all products; only their names are noted, without directories.
    pub fn add(&mut self, files: &[String], role: &Role) {
        for file in files {
            for product in &mut self.products {
                product.members.push(Member {
                    name: name_of(file).to_owned(),
                    role: role.clone(),
                    other: Map::new(),
                });
            }
        }
    }

    /// Removes the members that are named like `files`, and products that are then empty. Two names are the same if
    /// `key` makes the same of them. Gives the files that were not found.
    ///
    /// ```
    /// use associations::{Association, ListRule};
    /// let files = ["a_cal.fits", "b_cal.fits"].map(str::to_owned);
    /// let mut association = Association::from_list(&files, ListRule::Level3 { product: "x" }, "1.0");
    /// let missing = association.remove(&["b_cal.fits".into(), "c.fits".into()], &|name| name.to_owned());
    /// assert_eq!(missing, ["c.fits"]);
    /// assert_eq!(association.products[0].members.len(), 1);
    /// ```
    pub fn remove(&mut self, files: &[String], key: &dyn Fn(&str) -> String) -> Vec<String> {
        let mut missing = Vec::new();
        for file in files {
            let wanted = key(name_of(file));
            let mut found = false;
            for product in &mut self.products {
                product.members.retain(|member| {
                    let same = key(&member.name) == wanted;
                    found |= same;
                    !same
                });
            }
            self.products.retain(|product| !product.members.is_empty());
            if !found {
                missing.push(file.clone());
            }
        }
        missing
    }

    /// Keeps the members that are `wanted`, and the products that have any.
    pub fn retain(&mut self, wanted: impl Fn(&Member) -> bool) {
        for product in &mut self.products {
            product.members.retain(&wanted);
        }
        self.products.retain(|product| !product.members.is_empty());
    }
}

fn name_of(file: &str) -> &str {
    let name = Path::new(file).file_name().and_then(|name| name.to_str());
    name.unwrap_or(file)
}
