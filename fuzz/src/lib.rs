//! What the fuzz targets do with bytes. Errors are expected; a panic, a hang or a runaway allocation is a finding.

use std::io::Write;

use asdf::{AsdfFile, NdArray, Node, WriteOptions};
use crds::{ChecksumPolicy, InstrumentMapping, Mapping, Observatory, PipelineMapping, RuleFile};
use datamodels::io::fits::{FitsReader, HduKind};
use gwcs::Transform;
use gwcs::convert::{Registry, read_transform, read_wcs, write_transform, write_wcs};

/// Everything that a reader may ask of an ASDF file; what is read can be written, and reads the same again.
///
/// # Panics
/// What was written is not read again.
pub fn asdf(data: &[u8]) {
    let Ok(mut file) = AsdfFile::from_bytes(data) else {
        return;
    };
    let mut arrays: Vec<NdArray> = Vec::new();
    file.tree
        .walk_mut(&mut |node| arrays.extend(node.as_ndarray().cloned()));
    for array in arrays.iter().take(50) {
        let _ = file.array_f64(array);
        let _ = file.array::<String>(array);
        let _ = file.array_mask(array);
        let _ = array.field("a").and_then(|field| file.array_i64(&field));
    }
    if let Ok(bytes) = file.to_bytes(&WriteOptions::default()) {
        let again = AsdfFile::from_bytes(&bytes).expect("what was written can be read");
        assert_eq!(again.tree, file.tree, "what was written reads the same");
    }
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
