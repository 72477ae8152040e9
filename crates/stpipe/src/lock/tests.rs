use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::config::ConfigTree;
use crate::run::ParameterSources;
use crate::{
    NoReferenceSource, Outcome, Prepared, Product, Provenance, Reference, ReferenceFiles,
    ReferenceSource, SkipReason, Status, Step, StepError, TaskSpec, Values,
};

crate::params! {
    /// Parameters of the step.
    struct AddParams {
        /// What to add [DN]
        pub amount: f64 = 1.5;
        /// A table
        pub table: Option<String> = None;
        /// Limits
        pub limits: Option<Vec<f64>> = None;
        /// A word
        pub word: String = "None";
    }
}

struct Add;

struct Nothing;

impl Product for Nothing {
    fn selection(&self) -> Values {
        Values::new()
    }
    fn describe(&self) -> String {
        String::new()
    }
    fn file_name(&self) -> Option<String> {
        None
    }
    fn set_file_name(&mut self, _: &str) {}
    fn set_status(&mut self, _: &str, _: Status) {}
    fn set_skip_reason(&mut self, _: &str, _: &SkipReason) {}
    fn record(&mut self, _: &Provenance<'_>) {}
    fn save(&mut self, _: &Path) -> Result<(), crate::BoxError> {
        Ok(())
    }
}

impl Step for Add {
    const NAME: &'static str = "add";
    const CLASS: &'static str = "toy.AddStep";
    const ABOUT: &'static str = "Adds";
    const STATUS_KEY: &'static str = "add";
    const REFERENCES: &'static [&'static str] = &["gain"];
    type Params = AddParams;
    type References = ();
    type Input = Nothing;
    type Output = Nothing;

    fn prepare(_: &AddParams, _: &Nothing, _: &ReferenceFiles) -> Result<Prepared<()>, StepError> {
        Ok(Prepared::Ready(()))
    }

    fn run(_: &AddParams, (): (), input: Nothing) -> Result<Outcome<Nothing, Nothing>, StepError> {
        Ok(Outcome::Complete(input))
    }
}

fn spec() -> Arc<TaskSpec> {
    let steps = vec![TaskSpec::step::<Add>()];
    let pipeline =
        TaskSpec::pipeline::<crate::BaseParams>("toy", "toy.ToyPipeline", "A toy", steps);
    Arc::new(pipeline)
}

fn software() -> Software {
    Software::of("toy", "1.0")
}

fn options(pairs: &[(&str, &str)]) -> ParameterSources {
    let mut tree = ConfigTree::default();
    for (path, value) in pairs {
        tree.set_path(path, *value);
    }
    ParameterSources {
        options: Some((Origin::CommandLine, tree)),
        ..ParameterSources::default()
    }
}

fn settings(pairs: &[(&str, &str)]) -> Settings {
    crate::run::resolve_settings(&spec(), &options(pairs)).expect("settings")
}

/// What contradicts a lock of `locked` when `given` is given anew, and the parameters that are used.
fn contradictions(locked: &[(&str, &str)], given: &[(&str, &str)]) -> (Vec<String>, Settings) {
    let locked = settings(locked);
    let mut lock = Lock::new(&software(), &locked, None);
    lock.pin(&locked, &[], &BTreeMap::new()).expect("files");
    let mut held = lock.settings(&spec()).expect("the same task");
    let found = lock
        .check_parameters(&mut held, &options(given))
        .expect("options that can be used");
    (found.iter().map(ToString::to_string).collect(), held)
}

#[test]
fn the_text_is_stable_and_read_back() {
    let settings = settings(&[("steps.add.amount", "0.1"), ("output_dir", "/somewhere")]);
    let mut lock = Lock::new(&software(), &settings, Some("toy_0001.pmap".to_owned()));
    let pinned = |size| Pinned {
        size,
        sha1: "ab".repeat(20),
    };
    lock.inputs.push(("x.fits".to_owned(), pinned(3)));
    lock.references
        .insert("gain.fits".to_owned(), pinned(u64::MAX));
    let text = lock.to_text();
    assert_eq!(Lock::from_text(&text), Ok(lock));
    for line in [
        "  \"context\": \"toy_0001.pmap\",",
        "    \"steps.add.amount\": 0.1,",
        "    \"steps.add.amount\": \"command line\"",
        "    \"gain.fits\": {\"size\":18446744073709551615,\"sha1\":\"abababababababababababababababababababab\"}",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("somewhere"), "{text}");
}

#[test]
fn texts_that_are_no_locks_are_refused() {
    let text = Lock::new(&software(), &settings(&[]), None).to_text();
    let change = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Lock::from_text(&text.replace(from, to))
            .expect_err("it was changed")
            .to_string()
    };
    assert_eq!(
        change("stpipe lock 1", "stpipe lock 2"),
        "format: expected stpipe lock 1, found stpipe lock 2"
    );
    let error = change("\"steps.add.amount\": 1.5", "\"steps.add.amount\": {}");
    assert_eq!(
        error,
        "parameters, steps.add.amount: expected a value or a list of values, found {}"
    );
    let error = change("\"origins\": {}", "\"origins\": {\"skip\": \"hearsay\"}");
    assert!(
        error.starts_with("origins, skip: expected the origin"),
        "{error}"
    );
    for (from, to) in [("\"class\"", "\"klass\""), ("\"1.0\"", "1"), ("{\n", "[\n")] {
        let error = change(from, to);
        assert!(error.starts_with("expected a lock file: "), "{error}");
    }
    let error = Lock::read(Path::new("/nowhere/a.lock")).expect_err("there is none");
    assert_eq!(error.to_string(), "cannot read /nowhere/a.lock");
}

#[test]
fn parameters_come_back_with_their_origins() {
    let mut before = Settings::defaults(&spec());
    before.rename("mine");
    let mut set = |path: &str, value: ParamValue, origin: Origin| {
        before.set_path(path, value, origin).expect("a value");
    };
    set("suffix", "7".into(), Origin::Crds("p.asdf".into()));
    set("steps.add.amount", f64::NAN.into(), Origin::CommandLine);
    let limits = vec![1.0, f64::NEG_INFINITY];
    set(
        "steps.add.limits",
        limits.into(),
        Origin::File("p.cfg".into()),
    );
    set("steps.add.word", "x,".into(), Origin::Caller);
    let lock = Lock::new(&software(), &before, None);
    let lock = Lock::from_text(&lock.to_text()).expect("a lock");
    let after = lock.settings(&spec()).expect("the same task");
    // NaN is not equal to itself.
    assert_eq!(format!("{after:?}"), format!("{before:?}"));
    let other = Arc::new(TaskSpec::step::<Add>());
    let differences = lock.settings(&other).expect_err("another task");
    assert_eq!(
        differences[0].to_string(),
        "task: expected toy.ToyPipeline, found toy.AddStep"
    );
}

#[test]
fn parameters_that_are_new_or_gone_are_told() {
    let text = Lock::new(&software(), &settings(&[]), None).to_text();
    let changed = text
        .replace("steps.add.amount", "steps.add.amounts")
        .replace(
            "\"steps.add.word\": \"None\"",
            "\"steps.sub.word\": \"None\"",
        );
    let lock = Lock::from_text(&changed).expect("a lock");
    let differences = lock.settings(&spec()).expect_err("another version");
    let text: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        [
            "parameter steps.add.amounts: expected 1.5, found unknown parameter `amounts`; did you mean `amount`?",
            "parameter steps.sub.word: expected None, found unknown parameter `steps.sub.word`",
            "parameter steps.add.amount: expected no such parameter, found a new one",
            "parameter steps.add.word: expected no such parameter, found a new one",
        ]
    );
}

#[test]
fn what_is_given_anew_must_agree() {
    let locked = [("steps.add.amount", "4")];
    let (found, held) = contradictions(&locked, &[("steps.add.amount", "4.0")]);
    assert_eq!(found, Vec::<String>::new());
    let kept = held.at_path("steps.add.amount").expect("a parameter");
    assert_eq!(kept.origin, Origin::CommandLine);
    let (found, _) = contradictions(&locked, &[("steps.add.amount", "5"), ("suffix", "x")]);
    assert_eq!(
        found,
        [
            "parameter suffix (command line): expected None, found x",
            "parameter steps.add.amount (command line): expected 4.0, found 5.0"
        ]
    );
    let (found, held) = contradictions(&locked, &[("output_dir", "/elsewhere")]);
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(held.value("output_dir").as_str(), Some("/elsewhere"));
}

#[test]
fn files_that_parameters_name_are_pinned() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let (one, same, other) = (file("a", "1"), file("b", "1"), file("c", "22"));
    for parameter in ["steps.add.table", "steps.add.override_gain"] {
        let given = |path: &str| contradictions(&[(parameter, &one)], &[(parameter, path)]).0;
        assert_eq!(given(&one), Vec::<String>::new());
        assert_eq!(given(&same), Vec::<String>::new());
        let expected =
            format!("parameter {parameter} (command line): expected {one}, found {other}");
        assert_eq!(given(&other), [expected]);
        let locked = settings(&[(parameter, &one)]);
        let mut lock = Lock::new(&software(), &locked, None);
        lock.pin(&locked, &[], &BTreeMap::new()).expect("files");
        let differences = |text: Option<&str>| {
            match text {
                Some(text) => fs::write(&one, text).expect("a file"),
                None => fs::remove_file(&one).expect("a file"),
            }
            let mut held = lock.settings(&spec()).expect("the same task");
            let found = lock.check_parameters(&mut held, &options(&[]));
            let found = found.expect("options that can be used");
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let found = differences(Some("xyz"));
        let expected = format!("file of {parameter} ({one}): expected 1 bytes, found 3 bytes");
        assert_eq!(found, [expected]);
        let found = differences(Some("2"));
        assert!(
            found[0].contains("expected SHA-1 356a192b7913b04c54574d18c28d46e6395428ab"),
            "{found:?}"
        );
        let found = differences(None);
        assert!(
            found[0].contains("expected a file, found no file"),
            "{found:?}"
        );
        fs::write(&one, "1").expect("a file");
    }
}

#[test]
fn inputs_and_versions_are_compared() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("x.fits");
    fs::write(&path, "one").expect("a file");
    let input = ("x.fits".to_owned(), path.clone());
    let settings = settings(&[]);
    let mut lock = Lock::new(&software(), &settings, None);
    let inputs = std::slice::from_ref(&input);
    lock.pin(&settings, inputs, &BTreeMap::new())
        .expect("files");
    assert_eq!(lock.check_inputs(inputs), []);
    assert_eq!(
        lock.check_inputs(&[]),
        [Difference::new("input 1", "x.fits", "none")]
    );
    let renamed = [("y.fits".to_owned(), path.clone()), input.clone()];
    assert_eq!(
        lock.check_inputs(&renamed),
        [
            Difference::new("input 1", "x.fits", "y.fits"),
            Difference::new("input 2", "none", "x.fits")
        ]
    );
    fs::write(&path, "three").expect("a file");
    let what = format!("input 1 ({})", path.display());
    assert_eq!(
        lock.check_inputs(inputs),
        [Difference::new(what, "3 bytes", "5 bytes")]
    );
    let newer = Software::of("toy", "1.1");
    let differences = lock.check_software(&newer);
    let stpipe = env!("CARGO_PKG_VERSION");
    assert_eq!(
        differences,
        [Difference::new(
            "version",
            format!("toy 1.0 (stpipe {stpipe})"),
            format!("toy 1.1 (stpipe {stpipe})")
        )]
    );
    assert_eq!(lock.check_software(&software()), []);
}

/// A gain in a file, under a context.
struct Gain(PathBuf, &'static str);

impl ReferenceSource for Gain {
    fn best_references(
        &self,
        _: &Values,
        types: &[&str],
    ) -> Result<BTreeMap<String, Reference>, crate::BoxError> {
        let cached = Reference::Cached {
            path: self.0.clone(),
            name: "gain.fits".to_owned(),
        };
        let answer = |kind: &&str| match *kind {
            "gain" => ("gain".to_owned(), cached.clone()),
            kind => (kind.to_owned(), Reference::NotApplicable),
        };
        Ok(types.iter().map(answer).collect())
    }

    fn context(&self) -> Result<String, crate::BoxError> {
        Ok(self.1.to_owned())
    }

    fn version(&self) -> &'static str {
        "1"
    }
}

#[test]
fn references_are_recorded_and_held() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("gain.fits");
    fs::write(&path, "1.6").expect("a file");
    let source = Gain(path.clone(), "toy_0001.pmap");
    let recorded = RecordedReferences::new(&source);
    let ask = |source: &dyn ReferenceSource, kind: &str| {
        source
            .best_references(&Values::new(), &[kind])
            .map_err(|error| error.to_string())
    };
    ask(&recorded, "dark").expect("an answer");
    assert!(recorded.named().is_empty());
    let settings = settings(&[]);
    let context = Some("toy_0001.pmap".to_owned());
    let empty = Lock::new(&software(), &settings, context.clone());
    let file = Path::new("a.lock");
    let held = |lock: &Lock| {
        let locked = LockedReferences::new(&source, lock, file).expect("the context of the lock");
        ask(&locked, "gain")
    };
    let error = held(&empty).expect_err("it is not in the lock");
    assert!(
        error.contains(
            "reference gain.fits of type gain: expected one of the references in the lock"
        ),
        "{error}"
    );
    ask(&recorded, "gain").expect("an answer");
    let mut lock = Lock::new(&software(), &settings, context);
    lock.pin(&settings, &[], &recorded.named()).expect("files");
    assert_eq!(held(&lock), ask(&source, "gain"));
    fs::write(&path, "1.7").expect("a file");
    let error = held(&lock).expect_err("it was changed");
    let expected = "this is not the run that a.lock holds\n  reference gain.fits of type gain: expected SHA-1 ";
    assert!(error.starts_with(expected), "{error}");
    let other = Gain(path, "toy_0002.pmap");
    let difference = LockedReferences::new(&other, &lock, file).err();
    assert_eq!(
        difference,
        Some(Difference::new("context", "toy_0001.pmap", "toy_0002.pmap"))
    );
    assert!(LockedReferences::new(&NoReferenceSource, &lock, file).is_err());
    let mut again = Lock::new(&software(), &settings, None);
    again.inherit(&lock);
    assert!(again.references().is_empty(), "no value came from the gain");
}

proptest! {
    #[test]
    fn numbers_keep_their_bits(amount in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO) {
        let mut settings = Settings::defaults(&spec());
        settings.set_path("steps.add.amount", amount, Origin::Caller).expect("a number");
        let text = Lock::new(&software(), &settings, None).to_text();
        let again = Lock::from_text(&text).expect("a lock").settings(&spec()).expect("the same task");
        let found = again.at_path("steps.add.amount").map(|setting| setting.value.clone());
        let Some(ParamValue::Float(found)) = found else { panic!("{found:?}") };
        prop_assert_eq!(found.to_bits(), amount.to_bits());
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = Lock::from_text(&text);
    }
}

/// A lock compared with that of the run as it would be now.
#[test]
fn locks_of_two_runs_are_compared() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("written");
        path
    };
    let (input, gain, mask) = (file("x.fits", "x"), file("g", "1"), file("m", "2"));
    let lock = |pairs: &[(&str, &str)], context: &str, references: &[(&str, &Path)]| {
        let settings = settings(pairs);
        let mut lock = Lock::new(&software(), &settings, Some(context.to_owned()));
        let inputs = [("x.fits".to_owned(), input.clone())];
        let references = references.iter();
        let references = references.map(|(name, path)| ((*name).to_owned(), path.to_path_buf()));
        let pinned = lock.pin(&settings, &inputs, &references.collect());
        pinned.expect("files");
        lock
    };
    let differences = |a: &Lock, b: &Lock| {
        let found = a.differences(b).into_iter();
        found.map(|d| d.what).collect::<Vec<_>>()
    };
    let first = lock(&[], "toy_1", &[("g.fits", &gain)]);
    let more = lock(
        &[("output_dir", "out")],
        "toy_1",
        &[("g.fits", &gain), ("m.fits", &mask)],
    );
    assert_eq!(differences(&first, &more), [""; 0]);
    assert_eq!(differences(&more, &first), ["reference m.fits"]);

    let changed = lock(&[("steps.add.amount", "2")], "toy_2", &[("g.fits", &mask)]);
    let expected = ["context", "reference g.fits", "parameter steps.add.amount"];
    assert_eq!(differences(&first, &changed), expected);
    fs::write(&input, "other").expect("written");
    let other_input = lock(&[], "toy_1", &[("g.fits", &gain)]);
    assert_eq!(differences(&first, &other_input), ["input x.fits"]);
    let newer = Software {
        version: "1.1".to_owned(),
        ..software()
    };
    let other_version = Lock {
        software: newer,
        ..first.clone()
    };
    assert_eq!(differences(&first, &other_version), ["version"]);
}
