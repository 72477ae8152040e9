use super::{Mapping, Node};

fn sample() -> Node {
    let steps = Node::Sequence(vec![
        Node::from("a"),
        Node::tagged("tag:x:y", Mapping::from_iter([("name", Node::from(3))])),
    ]);
    Node::Mapping(Mapping::from_iter([
        ("meta", Node::default()),
        ("steps", steps),
    ]))
}

#[test]
fn a_path_looks_through_tags_and_indexes_lists() {
    let tree = sample();
    assert_eq!(tree.get_path("steps[1].name"), Some(&Node::from(3)));
    assert_eq!(tree.get_path("steps.1.name"), Some(&Node::from(3)));
    assert_eq!(tree.get_path("steps.2"), None);
    assert_eq!(tree.get_path("steps.0.name"), None);
    assert_eq!(tree.get_path(""), Some(&tree));
}

#[test]
fn setting_a_path_creates_mappings_and_refuses_scalars() {
    let mut tree = sample();
    assert_eq!(tree.set_path("meta.a.b", Node::from(true)).unwrap(), None);
    assert_eq!(
        tree.set_path("meta.a.b", Node::from(1)).unwrap(),
        Some(Node::from(true))
    );
    tree.set_path("steps[2]", Node::from("new")).unwrap();
    assert_eq!(tree.get_path("steps.2").and_then(Node::as_str), Some("new"));
    assert!(tree.set_path("steps[9]", Node::Null).is_err());
    let message = tree
        .set_path("meta.a.b.c", Node::Null)
        .unwrap_err()
        .to_string();
    assert!(message.contains("meta.a.b.c"), "{message}");
}

#[test]
fn removing_a_path_keeps_the_others_in_order() {
    let mut map: Mapping = (0..40).map(|i| (format!("k{i}"), Node::from(i))).collect();
    assert_eq!(map.remove("k7"), Some(Node::from(7)));
    assert_eq!(map.len(), 39);
    assert_eq!(map.get("k39"), Some(&Node::from(39)));
    assert_eq!(map.keys().nth(7), Some("k8"));
    let mut tree = Node::from(map);
    assert_eq!(tree.remove_path("k8"), Some(Node::from(8)));
    assert_eq!(tree.remove_path("k8"), None);
}

#[test]
fn a_number_and_its_text_are_different_keys() {
    let mut map = Mapping::new();
    for i in 0..40 {
        map.insert_node(Node::from(i), Node::from("number"));
        map.insert(i.to_string(), Node::from("text"));
    }
    assert_eq!(map.len(), 80);
    assert_eq!(map.get("3").and_then(Node::as_str), Some("text"));
    assert_eq!(
        map.get_node(&Node::from(3)).and_then(Node::as_str),
        Some("number")
    );
}
