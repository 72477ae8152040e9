//! Selection speed: loading all mappings of a context, and answers for many headers.
//!
//! `CRDS_PATH` names a cache; `CRDS_BENCH_CONTEXT` the context (by default the last one of the cache), `CRDS_BENCH_HEADERS` a
//! file with one JSON dictionary of parameters a line. Without a cache, a little context made here is used. `CRDS_BENCH_TODAY` names a
//! folder with `jwst_1596.pmap` and `jwst_nirspec_0444.imap`: with it and a cache, a context as large as theirs is composed and loaded, too.

mod today;

use std::{hint::black_box, path::Path, time::Instant};

use crds::{
    ChecksumPolicy, Config, MappingSource, MemorySource, Observatory, Parameters, Rules, Store,
    bestrefs::parameters_of,
};
use criterion::{Criterion, criterion_group, criterion_main};

const PIPELINE: &str = "header = {'mapping': 'PIPELINE', 'name': 'my_0001.pmap', 'observatory': 'MY', 'parkey': ('META.INSTRUMENT.NAME',), \
     'derived_from': ''}\nselector = {'CAMERA': 'my_camera_0001.imap'}\n";

/// A context of 40 rule files with 300 rules each.
fn little() -> (MemorySource, String) {
    let mut source = MemorySource::default();
    source.insert("my_0001.pmap", PIPELINE);
    let mut types = String::new();
    for kind in 0..40 {
        let line = format!("'TYPE{kind}': 'my_camera_type{kind}_0001.rmap',\n");
        types += &line;
        let mut rules = String::new();
        for rule in 0..300 {
            let line = format!(
                "('DET{}|X', 'F{rule}'): UseAfter({{'2020-01-01 00:00:00': 'my_camera_type{kind}_{rule:04}.fits'}}),\n",
                rule % 10
            );
            rules += &line;
        }
        source.insert(
            &format!("my_camera_type{kind}_0001.rmap"),
            &format!(
                "header = {{'mapping': 'REFERENCE', 'name': 'r', 'observatory': 'MY', 'instrument': 'CAMERA', 'filekind': 'TYPE{kind}', \
                 'parkey': (('DETECTOR', 'FILTER'), ('DATE',)), 'derived_from': ''}}\nselector = Match({{\n{rules}}})\n"
            ),
        );
    }
    source.insert(
        "my_camera_0001.imap",
        &format!(
            "header = {{'mapping': 'INSTRUMENT', 'name': 'i', 'observatory': 'MY', 'instrument': 'CAMERA', 'parkey': ('REFTYPE',), \
             'derived_from': ''}}\nselector = {{\n{types}}}\n"
        ),
    );
    (source, "my_0001.pmap".to_owned())
}

struct Case {
    source: Box<dyn Fn() -> Box<dyn MappingSource>>,
    observatory: Observatory,
    policy: ChecksumPolicy,
    context: String,
    headers: Vec<Parameters>,
}

struct Boxed(Box<dyn MappingSource>);

impl MappingSource for Boxed {
    fn read_mapping(&self, name: &str) -> Result<String, crds::Error> {
        self.0.read_mapping(name)
    }
}

impl Case {
    fn new() -> Self {
        match std::env::var("CRDS_PATH") {
            Ok(root) => Self::of_cache(Path::new(&root)),
            Err(_) => Self::made(),
        }
    }

    fn made() -> Self {
        let (source, context) = little();
        let header = |number: usize| {
            let filter = format!("F{}", number % 300);
            let detector = format!("DET{}", number % 10);
            let pairs = [
                ("META.INSTRUMENT.NAME", "CAMERA".to_owned()),
                ("DETECTOR", detector),
                ("FILTER", filter),
                ("DATE", "2024-01-01T00:00:00".to_owned()),
            ];
            pairs.into_iter().collect()
        };
        Self {
            source: Box::new(move || Box::new(source.clone())),
            observatory: Observatory::new("my", &["camera"]),
            policy: ChecksumPolicy::Ignore,
            context,
            headers: (0..10_000).map(header).collect(),
        }
    }

    fn of_cache(root: &Path) -> Self {
        let config = Config::new(root, Observatory::jwst());
        let store = Store::open(&config, None).expect("a cache");
        let files = store.files().expect("a cache");
        let is_context = |name: &str| name.rsplit('.').next() == Some("pmap");
        let contexts = files.iter().filter(|(name, _)| is_context(name));
        let context = std::env::var("CRDS_BENCH_CONTEXT").ok();
        let context = context.or_else(|| contexts.map(|(name, _)| name.clone()).max());
        let lines = std::env::var("CRDS_BENCH_HEADERS").ok();
        let lines = lines.and_then(|path| std::fs::read_to_string(path).ok());
        let lines = lines.unwrap_or_else(|| {
            r#"{"META.INSTRUMENT.NAME": "MIRI", "META.INSTRUMENT.DETECTOR": "MIRIMAGE", "META.EXPOSURE.TYPE": "MIR_IMAGE",
                "META.OBSERVATION.DATE": "2022-08-01", "META.OBSERVATION.TIME": "00:00:00"}"#
                .replace('\n', " ")
        });
        let headers: Vec<Parameters> = lines
            .lines()
            .map(|line| parameters_of(line).expect("a dictionary"))
            .collect();
        let cache = store.cache().clone();
        Self {
            source: Box::new(move || Box::new(cache.clone())),
            observatory: Observatory::jwst(),
            policy: ChecksumPolicy::Verify,
            context: context.expect("a context"),
            headers: headers.iter().cycle().take(10_000).cloned().collect(),
        }
    }

    fn rules(&self) -> Rules {
        Rules::new(Boxed((self.source)()), self.observatory.clone()).with_checksums(self.policy)
    }
}

fn selection(criterion: &mut Criterion) {
    let case = Case::new();
    let loaded = case.rules();
    let count = loaded.load_all(&case.context).expect("a context").len();
    let mut group = criterion.benchmark_group("selection");
    group.sample_size(10);
    group.bench_function(format!("load {count} mappings"), |bencher| {
        bencher.iter(|| case.rules().load_all(&case.context).expect("a context"));
    });
    group.bench_function(format!("{} headers", case.headers.len()), |bencher| {
        bencher.iter(|| {
            for header in &case.headers {
                let _ = black_box(loaded.best_references(&case.context, header, None));
            }
        });
    });
    group.finish();
}

/// Processor time of this process so far, on Linux [s]: what a machine that has other work to do can measure.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// A context of today's size, from memory and from files.
#[expect(clippy::print_stdout, reason = "this is a program")]
fn todays_size(criterion: &mut Criterion) {
    let variable = std::env::var_os;
    let (Some(root), Some(folder)) = (variable("CRDS_PATH"), variable("CRDS_BENCH_TODAY")) else {
        return;
    };
    let mappings = Path::new(&root).join("mappings/jwst");
    let (source, files) = today::compose(&mappings, Path::new(&folder));
    let cache = tempfile::tempdir().expect("a directory");
    let config = Config::new(cache.path(), Observatory::jwst());
    std::fs::create_dir_all(&config.mapping_dir).expect("a directory");
    for (name, text) in &files {
        std::fs::write(config.mapping_dir.join(name), text).expect("a mapping");
    }
    let store = Store::open(&config, None).expect("a cache");
    let size: usize = files.values().map(String::len).sum();
    let mut group = criterion.benchmark_group("today");
    group.sample_size(20);
    let title = |kind: &str| format!("load {} mappings of {size} bytes from {kind}", files.len());
    let load = |source: Box<dyn MappingSource>| {
        let rules = Rules::new(Boxed(source), Observatory::jwst());
        let names = rules.load_all(today::CONTEXT).expect("a context");
        assert_eq!(names.len(), files.len());
    };
    let begun = (Instant::now(), cpu_seconds());
    for _ in 0..20 {
        load(Box::new(store.cache().clone()));
    }
    println!(
        "{} mappings, {size} bytes, from files: {:.1} ms, {:.1} ms of all cores together",
        files.len(),
        begun.0.elapsed().as_secs_f64() * 50.0,
        (cpu_seconds() - begun.1) * 50.0
    );
    group.bench_function(title("memory"), |bencher| {
        bencher.iter(|| load(Box::new(source.clone())));
    });
    group.bench_function(title("files"), |bencher| {
        bencher.iter(|| load(Box::new(store.cache().clone())));
    });
    group.finish();
}

criterion_group!(benches, selection, todays_size);
criterion_main!(benches);
