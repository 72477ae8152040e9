//! Reading and checking association files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use crate::{Association, AssociationError, Member, Product, Role};

/// Bytes of an association, at most. One of ten thousand members has two million.
const MOST_BYTES: u64 = 1 << 26;

impl Association {
    /// Reads an association file.
    ///
    /// # Errors
    /// The file cannot be read, is no JSON, or lacks products, members, their names or their types.
    pub fn open(path: &Path) -> Result<Self, AssociationError> {
        let unreadable = |source| AssociationError::Unreadable {
            path: path.to_path_buf(),
            source,
        };
        let mut content = Vec::new();
        let file = File::open(path).map_err(unreadable)?;
        let stated = file.metadata().map_err(unreadable)?.len();
        // What states no length, such as a pipe, is not read without end either.
        if stated <= MOST_BYTES {
            let mut bounded = file.take(MOST_BYTES + 1);
            bounded.read_to_end(&mut content).map_err(unreadable)?;
        }
        let bytes = stated.max(content.len() as u64);
        if bytes > MOST_BYTES {
            return Err(AssociationError::TooLarge {
                path: path.to_path_buf(),
                bytes,
                limit: MOST_BYTES,
            });
        }
        Self::parse(&content, path)
    }

    /// Reads the content of an association file; `path` says where its members are.
    ///
    /// # Errors
    /// As [`Self::open`].
    ///
    /// ```
    /// use associations::{Association, Role};
    /// let text = br#"{"asn_pool": "p", "products": [{"name": "x", "members": [{"expname": "a_rate.fits", "exptype": "science"}]}]}"#;
    /// let association = Association::parse(text, "data/x_asn.json".as_ref())?;
    /// assert_eq!(association.products[0].members[0].role, Role::Science);
    /// assert_eq!((association.file_name(), association.pool()), ("x_asn.json", "p"));
    /// # Ok::<(), associations::AssociationError>(())
    /// ```
    pub fn parse(content: &[u8], path: &Path) -> Result<Self, AssociationError> {
        let value: Value =
            serde_json::from_slice(content).map_err(|source| AssociationError::NotJson {
                path: path.to_path_buf(),
                source,
            })?;
        let place = Place { path, at: "" };
        let mut other = place.mapping(value)?;
        let mut products = Vec::new();
        for (i, product) in place
            .sequence(&mut other, "products")?
            .into_iter()
            .enumerate()
        {
            let at = format!("products[{i}]");
            products.push(read_product(&Place { path, at: &at }, product)?);
        }
        Ok(Self {
            file: Some(path.to_path_buf()),
            directory: path.parent().unwrap_or(Path::new("")).to_path_buf(),
            products,
            other,
        })
    }
}

fn read_product(place: &Place<'_>, value: Value) -> Result<Product, AssociationError> {
    let mut product = place.mapping(value)?;
    let mut members = Vec::new();
    for (i, member) in place
        .sequence(&mut product, "members")?
        .into_iter()
        .enumerate()
    {
        let at = format!("{}.members[{i}]", place.at);
        let place = Place {
            path: place.path,
            at: &at,
        };
        let mut other = place.mapping(member)?;
        members.push(Member {
            name: place.text(&mut other, "expname")?,
            role: Role::from_name(&place.text(&mut other, "exptype")?),
            other,
        });
    }
    let name = place.text(&mut product, "name")?;
    Ok(Product { name, members })
}

/// A place in a file.
struct Place<'a> {
    path: &'a Path,
    at: &'a str,
}

impl Place<'_> {
    fn mapping(&self, value: Value) -> Result<Map<String, Value>, AssociationError> {
        match value {
            Value::Object(mapping) => Ok(mapping),
            other => Err(self.error("", "a mapping", Some(&other))),
        }
    }

    fn sequence(
        &self,
        mapping: &mut Map<String, Value>,
        key: &str,
    ) -> Result<Vec<Value>, AssociationError> {
        match mapping.shift_remove(key) {
            Some(Value::Array(items)) if !items.is_empty() => Ok(items),
            other => Err(self.error(key, "a list that is not empty", other.as_ref())),
        }
    }

    fn text(
        &self,
        mapping: &mut Map<String, Value>,
        key: &str,
    ) -> Result<String, AssociationError> {
        match mapping.shift_remove(key) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            other => Err(self.error(key, "a text", other.as_ref())),
        }
    }

    fn error(&self, key: &str, expected: &'static str, found: Option<&Value>) -> AssociationError {
        let place = [self.at, key]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(".");
        AssociationError::Content {
            path: self.path.to_path_buf(),
            place: if place.is_empty() {
                "its content".to_string()
            } else {
                place
            },
            expected,
            found: match found {
                None => "nothing".to_string(),
                Some(Value::Null) => "null".to_string(),
                Some(Value::Bool(value)) => value.to_string(),
                Some(Value::Number(value)) => value.to_string(),
                Some(Value::String(text)) if text.is_empty() => "an empty text".to_string(),
                Some(Value::String(_)) => "a text".to_string(),
                Some(Value::Array(items)) if items.is_empty() => "an empty list".to_string(),
                Some(Value::Array(_)) => "a list".to_string(),
                Some(Value::Object(_)) => "a mapping".to_string(),
            },
        }
    }
}
