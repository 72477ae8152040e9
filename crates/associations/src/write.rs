//! Associations as text.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Association, Member, Product};

impl Association {
    /// The content of an association file: JSON, indented by four spaces; the products come last.
    ///
    /// ```
    /// use associations::Association;
    /// let text = br#"{"asn_id": "a3001", "products": [{"name": "x", "members": [{"expname": "a.fits", "exptype": "science"}]}]}"#;
    /// let association = Association::parse(text, "x_asn.json".as_ref())?;
    /// let again = Association::parse(association.to_json().as_bytes(), "x_asn.json".as_ref())?;
    /// assert_eq!(again, association);
    /// # Ok::<(), associations::AssociationError>(())
    /// ```
    pub fn to_json(&self) -> String {
        let mut tree = self.other.clone();
        let products = self.products.iter().map(product).collect();
        tree.insert("products".into(), Value::Array(products));
        let mut bytes = Vec::new();
        let style = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut writer = serde_json::Serializer::with_formatter(&mut bytes, style);
        // A tree of strings and numbers is always JSON, and JSON is text.
        if tree.serialize(&mut writer).is_err() {
            bytes.clear();
        }
        String::from_utf8(bytes).unwrap_or_default()
    }
}

fn product(product: &Product) -> Value {
    let members = product.members.iter().map(member).collect();
    let mut tree = Map::new();
    tree.insert("name".into(), Value::from(product.name.as_str()));
    tree.insert("members".into(), Value::Array(members));
    Value::Object(tree)
}

fn member(member: &Member) -> Value {
    let mut tree = Map::new();
    tree.insert("expname".into(), Value::from(member.name.as_str()));
    tree.insert("exptype".into(), Value::from(member.role.name()));
    tree.extend(member.other.clone());
    Value::Object(tree)
}
