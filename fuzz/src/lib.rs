//! What the fuzz targets do with bytes. Errors are expected; a panic, a hang or a runaway allocation is a finding.

use std::io::Write;
use std::path::{Component, Path};
use std::sync::{Arc, LazyLock};

use asdf::{AsdfFile, NdArray, Node, Version, WriteOptions};
use associations::{Association, MemberPaths};
use crds::{ChecksumPolicy, InstrumentMapping, Mapping, Observatory, PipelineMapping, RuleFile};
use datamodels::io::fits::{FitsReader, HduKind};
use gwcs::Transform;
use gwcs::convert::{Registry, read_transform, read_wcs, write_transform, write_wcs};
use stpipe::config::{from_asdf, from_ini, parameter_file};
use stpipe::lock::Lock;
use stpipe::{ConfigTree, Origin, Settings, TaskSpec, UnknownKeys};

/// Everything that a reader may ask of an ASDF file; what is read can be written, and reads the same again.
///
/// # Panics
/// What was written is not read again, or reads otherwise.
pub fn asdf(data: &[u8]) {
    let Ok(file) = AsdfFile::from_bytes(data) else {
        return;
    };
    let was = contents(&file);
    let Ok(bytes) = file.to_bytes(&WriteOptions::default()) else {
        return;
    };
    let again = AsdfFile::from_bytes(&bytes).expect("what was written can be read");
    assert_eq!(again.standard, file.standard, "the standard");
    let (was_tree, is_tree) = (unversioned(&file), unversioned(&again));
    assert_eq!(is_tree, was_tree, "what was written reads the same");
    assert_eq!(contents(&again), was, "arrays are written as they are");
    let twice = again.to_bytes(&WriteOptions::default());
    let twice = twice.expect("what was read can be written");
    assert!(twice == bytes, "what is read is written the same again");
}

/// The elements of the first arrays of a file, with the bits of numbers, and which are masked; an error counts as none. Arrays in
/// a history that writing makes a list of do not count.
fn contents(file: &AsdfFile) -> Vec<ArrayContents> {
    let mut arrays: Vec<NdArray> = Vec::new();
    unversioned(file).walk_mut(&mut |node| arrays.extend(node.as_ndarray().cloned()));
    let bits = |(numbers, shape): (Vec<f64>, Vec<usize>)| {
        let bits = numbers.into_iter().map(f64::to_bits).collect();
        (bits, shape)
    };
    let arrays = arrays.iter().take(50);
    arrays
        .map(|array| ArrayContents {
            numbers: file.array_f64(array).ok().map(bits),
            texts: file.array::<String>(array).ok(),
            mask: file.array_mask(array).ok(),
            field: array
                .field("a")
                .ok()
                .and_then(|field| file.array_i64(&field).ok()),
        })
        .collect()
}

/// What can be read of an array.
#[derive(Debug, PartialEq)]
struct ArrayContents {
    numbers: Option<(Vec<u64>, Vec<usize>)>,
    texts: Option<(Vec<String>, Vec<usize>)>,
    mask: Option<Option<Vec<bool>>>,
    field: Option<(Vec<i64>, Vec<usize>)>,
}

/// The tree of a file without what writing brings into line with the standard: the versions of tags, two tags that have
/// another name in some standards, and the history, which is a list in the oldest.
fn unversioned(file: &AsdfFile) -> Node {
    let mut tree = file.tree.clone();
    if file.standard < Version::new(1, 2, 0)
        && let Some(map) = tree.as_mapping_mut()
    {
        map.remove("history");
    }
    tree.walk_mut(&mut |node| {
        if let Node::NdArray(array) = node {
            *node = array.to_node();
        }
        let Node::Tagged(tagged) = node else { return };
        if let Some((stem, _)) = tagged.tag.rsplit_once('-') {
            tagged.tag = stem
                .replace("asdf/core/column", "asdf/table/column")
                .replace("asdf/core/table", "asdf/table/table");
        }
    });
    tree
}

/// Transforms and world coordinate systems of an ASDF file: evaluated, inverted and written.
pub fn wcs(data: &[u8]) {
    let Ok(file) = AsdfFile::from_bytes(data) else {
        return;
    };
    let mut out = AsdfFile::new();
    visit(&file.tree, &mut |node| {
        let registry = Registry::default();
        if let Ok(transform) = read_transform(node, &file, &registry) {
            evaluate(&transform);
            if let Ok(inverse) = transform.inverse() {
                evaluate(&inverse);
            }
            transform.separability();
            let _ = write_transform(&transform, &mut out, &registry);
            return true;
        }
        if let Ok(wcs) = read_wcs(node, &file, &registry) {
            if let Ok(forward) = wcs.forward() {
                evaluate(&forward);
                let world = forward.evaluate_point(&vec![1.5; forward.n_inputs()]);
                let world = world.unwrap_or_default();
                let lists: Vec<&[f64]> = world.iter().map(std::slice::from_ref).collect();
                let _ = wcs.invert(&lists);
            }
            let _ = wcs.footprint(true);
            let _ = write_wcs(&wcs, &mut out, &registry);
            return true;
        }
        false
    });
}

fn visit(node: &Node, found: &mut impl FnMut(&Node) -> bool) {
    if node.tag().is_some() && found(node) {
        return;
    }
    match node.untagged() {
        Node::Sequence(items) => items.iter().for_each(|item| visit(item, found)),
        Node::Mapping(map) => map.values().for_each(|value| visit(value, found)),
        _ => {}
    }
}

fn evaluate(transform: &Transform) {
    const VALUES: [f64; 8] = [
        0.0,
        1.0,
        -90.0,
        0.3,
        1e300,
        f64::NAN,
        f64::INFINITY,
        -1234.5,
    ];
    let lists: Vec<Vec<f64>> = (0..transform.n_inputs())
        .map(|input| VALUES.iter().cycle().skip(input).take(8).copied().collect())
        .collect();
    let lists: Vec<&[f64]> = lists.iter().map(Vec::as_slice).collect();
    let _ = transform.evaluate(&lists);
}

/// Headers, tables and small images of a FITS file.
///
/// # Panics
/// There is no place for a temporary file.
pub fn fits_header(data: &[u8]) {
    let mut path = std::env::temp_dir();
    path.push(format!("fuzz-fits-{}.fits", std::process::id()));
    let mut file = std::fs::File::create(&path).expect("a temporary file");
    file.write_all(data).expect("a temporary file");
    drop(file);
    let Ok(reader) = FitsReader::open(&path) else {
        return;
    };
    for hdu in reader.hdus() {
        for keyword in ["SIMPLE", "NAXIS", "DATE-OBS", "HISTORY"] {
            let _ = hdu.header.get(keyword).map(|card| card.records());
        }
        match hdu.kind {
            HduKind::Image { .. } => drop(reader.image::<f32>(hdu)),
            _ => {
                let _ = reader.table(hdu);
                let _ = reader.bytes(hdu);
            }
        }
    }
}

/// Mappings of CRDS.
pub fn rmap(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(mapping) = Mapping::parse("fuzz.rmap", text, ChecksumPolicy::Ignore) else {
        return;
    };
    let _ = PipelineMapping::new(&mapping);
    let _ = InstrumentMapping::new(&mapping);
    if let Ok(rules) = RuleFile::new(&mapping, &Observatory::jwst()) {
        rules.references();
        rules.parameters().for_each(drop);
    }
}

/// Association files: read, their members' paths looked at, and written.
///
/// # Panics
/// A member that is allowed leaves the directory, or what was written does not read the same.
pub fn association(data: &[u8]) {
    let directory = Path::new("data");
    let Ok(association) = Association::parse(data, &directory.join("fuzz_asn.json")) else {
        return;
    };
    for member in association
        .products
        .iter()
        .flat_map(|product| &product.members)
    {
        if let Ok(path) = association.path_of(member, MemberPaths::Inside) {
            let mut place: Vec<Component<'_>> = Vec::new();
            for part in path.components() {
                match part {
                    Component::ParentDir => drop(place.pop().expect("a place below the folder")),
                    Component::CurDir => {}
                    other => place.push(other),
                }
            }
            let directory: Vec<Component<'_>> = directory.components().collect();
            assert!(
                place.starts_with(&directory),
                "{} leads outside",
                path.display()
            );
        }
        let _ = association.path_of(member, MemberPaths::Anywhere);
    }
    let text = association.to_json();
    let again = Association::parse(text.as_bytes(), &directory.join("fuzz_asn.json"));
    let again = again.expect("what was written can be read");
    assert_eq!(again, association, "what was written reads the same");
    assert_eq!(
        again.to_json(),
        text,
        "what is read is written the same again"
    );
}

stpipe::params! {
    /// Parameters of every kind.
    pub struct TaskParams {
        /// A number [DN]
        pub limit: f64 = 1.5, min(0.0), max(100.0);
        /// A count
        pub count: u32 = 3;
        /// A switch
        pub enabled: bool = true;
        /// Perhaps a number
        pub maybe: Option<f64> = None;
        /// A text
        pub text: String = "a";
        /// A choice
        pub choice: String = "one", choices(&["one", "two"]);
        /// A list
        pub list: Vec<f64> = &[1.0, 2.0], items(1..=4);
        /// Words
        pub words: Option<Vec<String>> = None;
        /// A file
        pub file: Option<String> = None, input_path();
    }
}

/// A pipeline with two steps.
static TASK: LazyLock<Arc<TaskSpec>> = LazyLock::new(|| {
    let step = |name: &'static str, class: &'static str| {
        let mut spec = TaskSpec::pipeline::<TaskParams>(name, class, "A step", vec![]);
        spec.name = name.into();
        spec.references = vec!["flat".into()];
        spec
    };
    let steps = vec![
        step("jump", "pkg.JumpStep"),
        step("ramp_fit", "pkg.RampFitStep"),
    ];
    Arc::new(TaskSpec::pipeline::<TaskParams>(
        "toy",
        "pkg.ToyPipeline",
        "A toy",
        steps,
    ))
});

/// Parameter files of both kinds: read, laid over a task's defaults, and written.
///
/// # Panics
/// A value that was taken is not taken from the file that is written with it.
pub fn parameters(data: &[u8]) {
    let tree = if data.starts_with(b"#ASDF") {
        from_asdf(data).ok()
    } else {
        std::str::from_utf8(data)
            .ok()
            .and_then(|text| from_ini(text).ok())
    };
    let Some(mut tree) = tree else {
        return;
    };
    forget_files(&mut tree);
    let origin = Origin::File("fuzz.asdf".into());
    for unknown in [UnknownKeys::Warn, UnknownKeys::Refuse] {
        let mut settings = Settings::defaults(&TASK);
        if settings.apply(&tree, &origin, unknown).is_err() {
            continue;
        }
        let _ = settings.params::<TaskParams>();
        let file = AsdfFile::from_tree(parameter_file(&settings, "2026-01-01T00:00:00"));
        let bytes = file
            .to_bytes(&WriteOptions::default())
            .expect("settings can be written");
        let mut again = Settings::defaults(&TASK);
        let tree = from_asdf(&bytes).expect("what was written can be read");
        again
            .apply(&tree, &origin, UnknownKeys::Refuse)
            .expect("what was written can be used");
        for ((name, was), (_, is)) in settings.iter().zip(again.iter()) {
            assert_eq!(
                format!("{:?}", was.value),
                format!("{:?}", is.value),
                "{name}"
            );
        }
    }
}

/// Drops the names of further files: the target reads none.
fn forget_files(tree: &mut ConfigTree) {
    tree.config_file = None;
    for (_, step) in &mut tree.steps {
        forget_files(step);
    }
}

/// Lock files: read, used and written.
///
/// # Panics
/// What was written does not read the same.
pub fn lock(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(lock) = Lock::from_text(text) else {
        return;
    };
    let _ = lock.settings(&TASK);
    let again = Lock::from_text(&lock.to_text()).expect("what was written can be read");
    assert_eq!(again.to_text(), lock.to_text());
}
