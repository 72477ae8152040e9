use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::config::{ConfigTree, from_ini};
use crate::{
    BoxError, Reference, ReferenceFiles, StepError, StepTask, Task, TaskSpec, UnknownKeys,
};

/// A model of one number.
#[derive(Debug, Clone, Default, PartialEq)]
struct Toy {
    value: f64,
    name: Option<String>,
    status: Vec<(String, Status)>,
    reasons: Vec<(String, String)>,
    references: Vec<(String, String)>,
    context: Option<String>,
    log: Vec<String>,
}

impl Product for Toy {
    fn selection(&self) -> Values {
        Values::from_iter([("meta.value", self.value)])
    }

    fn describe(&self) -> String {
        "Toy()".to_owned()
    }

    fn file_name(&self) -> Option<String> {
        self.name.clone()
    }

    fn set_file_name(&mut self, name: &str) {
        self.name = Some(name.to_owned());
    }

    fn set_status(&mut self, key: &str, status: Status) {
        self.status.push((key.to_owned(), status));
    }

    fn set_skip_reason(&mut self, key: &str, reason: &SkipReason) {
        self.reasons.push((key.to_owned(), reason.to_string()));
    }

    fn record(&mut self, provenance: &Provenance<'_>) {
        self.references.extend_from_slice(provenance.references);
        self.context = provenance
            .reference_system
            .map(|(context, _)| context.to_owned());
        self.log = provenance.log.to_vec();
    }

    fn save(&mut self, path: &Path) -> Result<(), BoxError> {
        Ok(fs::write(path, self.value.to_string())?)
    }
}

crate::params! {
    /// Parameters of the addition.
    struct AddParams {
        /// What to add [DN]
        pub amount: f64 = 1.0, min(0.0);
    }
}

crate::params! {
    /// No parameters.
    struct NoParams {}
}

/// Adds a number; negative input does not need it, and 13 cannot be done.
struct Add;

impl Step for Add {
    const NAME: &'static str = "add";
    const CLASS: &'static str = "toy.add.AddStep";
    const ABOUT: &'static str = "Adds";
    const STATUS_KEY: &'static str = "add_sub";
    const REFERENCES: &'static [&'static str] = &["gain", "other"];
    type Params = AddParams;
    type References = bool;
    type Input = Toy;
    type Output = Toy;

    fn prepare(
        _: &AddParams,
        input: &Toy,
        files: &ReferenceFiles,
    ) -> Result<Prepared<bool>, StepError> {
        if input.value < 0.0 {
            return Ok(Prepared::Skip(SkipReason::not_applicable(
                "the value is negative",
            )));
        }
        Ok(match files.path("gain")? {
            Some(_) => Prepared::Ready(true),
            None => Prepared::Skip(SkipReason::NoReference("gain")),
        })
    }

    fn run(params: &AddParams, _: bool, mut input: Toy) -> Result<Outcome<Toy, Toy>, StepError> {
        if input.value == 13.0 {
            return Err(StepError::input("the value", "anything but 13", 13));
        }
        input.value += params.amount;
        Ok(Outcome::Complete(input))
    }
}

/// Makes two models of one.
struct Split;

impl Step for Split {
    const NAME: &'static str = "split";
    const CLASS: &'static str = "toy.split.SplitStep";
    const ABOUT: &'static str = "Splits";
    const STATUS_KEY: &'static str = "split";
    type Params = NoParams;
    type References = ();
    type Input = Toy;
    type Output = (Toy, Option<Toy>);

    fn prepare(_: &Self::Params, _: &Toy, _: &ReferenceFiles) -> Result<Prepared<()>, StepError> {
        Ok(Prepared::Ready(()))
    }

    fn run(
        _: &Self::Params,
        (): (),
        input: Toy,
    ) -> Result<Outcome<Toy, (Toy, Option<Toy>)>, StepError> {
        Ok(Outcome::Complete((input.clone(), Some(input))))
    }
}

/// Files of the test's directory by type.
struct Files(BTreeMap<String, Reference>);

impl ReferenceSource for Files {
    fn best_references(
        &self,
        _: &Values,
        types: &[&str],
    ) -> Result<BTreeMap<String, Reference>, BoxError> {
        let answer = |kind: &&str| {
            let missing = Reference::Missing {
                context: "toy_0001.pmap".to_owned(),
                reason: "no match".to_owned(),
            };
            let known = self.0.get(*kind).cloned();
            ((*kind).to_owned(), known.unwrap_or(missing))
        };
        Ok(types.iter().map(answer).collect())
    }

    fn context(&self) -> Result<String, BoxError> {
        Ok("toy_0001.pmap".to_owned())
    }

    fn version(&self) -> &'static str {
        "1.0"
    }
}

/// A directory with a gain file, and the system that selects it.
fn gain_only() -> (tempfile::TempDir, Files) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("toy_gain_0001.fits");
    fs::write(&path, "").unwrap();
    let gain = Reference::Cached {
        path,
        name: "toy_gain_0001.fits".to_owned(),
    };
    (
        directory,
        Files(BTreeMap::from([("gain".to_owned(), gain)])),
    )
}

fn context(files: &Files) -> Context<'_> {
    Context {
        references: files,
        suffixes: &["uncal", "add", "addstep"],
        ..Context::default()
    }
}

fn pipeline(text: &str) -> Settings {
    let steps = vec![TaskSpec::step::<Add>(), TaskSpec::step::<Split>()];
    let class = "toy.pipeline.ToyPipeline";
    let spec = TaskSpec::pipeline::<NoParams>("calwebb_toy", class, "Toy", steps);
    let mut settings = Settings::defaults(&Arc::new(spec));
    let tree = from_ini(text).unwrap();
    settings
        .apply(&tree, &Origin::CommandLine, UnknownKeys::Refuse)
        .unwrap();
    settings
}

fn toy(value: f64) -> Toy {
    Toy {
        value,
        name: Some("jw1_uncal.fits".to_owned()),
        ..Toy::default()
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

#[test]
fn a_step_runs_and_its_product_says_so() {
    let (_directory, files) = gain_only();
    let context = context(&files);
    let settings = pipeline("[steps]\n[[add]]\namount = 2\n");
    let mut run = Run::begin(&context, settings, Some("in/jw1_uncal.fits")).unwrap();
    let model = run.step::<Add, _>(toy(1.0)).unwrap();
    assert_eq!(model.value, 3.0);
    assert_eq!(model.status, [("add_sub".to_owned(), Status::Complete)]);
    let gain = ("gain".to_owned(), "crds://toy_gain_0001.fits".to_owned());
    assert_eq!(model.references, [gain], "only what was asked for");
    assert_eq!(model.context.as_deref(), Some("toy_0001.pmap"));
    assert!(run.saved().is_empty());
}

#[test]
fn every_kind_of_skip_has_its_reason() {
    let (_directory, mut files) = gain_only();
    let reasons = |files: &Files, text: &str, value: f64| {
        let context = context(files);
        let mut run = Run::begin(&context, pipeline(text), None).unwrap();
        let model = run.step::<Add, _>(toy(value)).unwrap();
        assert_eq!(model.value, value);
        assert_eq!(model.status, [("add_sub".to_owned(), Status::Skipped)]);
        model.reasons[0].1.clone()
    };
    assert_eq!(
        reasons(&files, "[steps]\n[[add]]\nskip = 1\n", 1.0),
        "skip was set"
    );
    assert_eq!(reasons(&files, "", -1.0), "the value is negative");
    let override_gain = "[steps]\n[[add]]\noverride_gain = N/A\n";
    assert_eq!(
        reasons(&files, override_gain, 1.0),
        "no GAIN reference file"
    );
    files.0.insert("gain".to_owned(), Reference::NotApplicable);
    assert_eq!(reasons(&files, "", 1.0), "no GAIN reference file");
}

#[test]
fn missing_references_name_type_context_and_file() {
    let (_directory, mut files) = gain_only();
    files.0.clear();
    let run = |files: &Files, text: &str| {
        let context = context(files);
        let mut run = Run::begin(&context, pipeline(text), Some("in/x.fits")).unwrap();
        let prefetched = run.prefetch(&Values::new(), &["add"]);
        let ran = run.step::<Add, _>(toy(1.0));
        (
            prefetched.map_err(|e| chain(&e)),
            ran.map_err(|e| chain(&e)),
        )
    };
    let (prefetched, ran) = run(&files, "");
    assert_eq!(
        prefetched.unwrap_err(),
        "no GAIN reference file for x.fits (context toy_0001.pmap): no match"
    );
    assert_eq!(
        ran.unwrap_err(),
        "step add failed on jw1_uncal.fits: GAIN reference (context toy_0001.pmap): no match"
    );
    let (prefetched, _) = run(
        &files,
        "[steps]\n[[add]]\noverride_gain = /no/such.fits\noverride_other = N/A\n",
    );
    let message = prefetched.unwrap_err();
    assert!(
        message.starts_with(
            "cannot open the GAIN reference file /no/such.fits (given by override_gain): No such"
        ),
        "{message}"
    );
}

#[test]
fn an_override_is_recorded_by_its_absolute_path() {
    let (directory, files) = gain_only();
    let path = directory.path().join("mine.fits");
    fs::write(&path, "").unwrap();
    let context = context(&files);
    let settings = pipeline(&format!(
        "[steps]\n[[add]]\noverride_gain = {}\n",
        path.display()
    ));
    let mut run = Run::begin(&context, settings, None).unwrap();
    let model = run.step::<Add, _>(toy(1.0)).unwrap();
    assert_eq!(model.references[0].1, path.display().to_string());
}

#[test]
fn failures_name_step_and_file() {
    let (_directory, files) = gain_only();
    let context = context(&files);
    let mut run = Run::begin(&context, pipeline(""), None).unwrap();
    let error = run.step::<Add, _>(toy(13.0)).unwrap_err();
    assert_eq!(
        chain(&error),
        "step add failed on jw1_uncal.fits: the value: expected anything but 13, found 13"
    );
}

#[test]
fn results_are_saved_under_their_names() {
    let (directory, files) = gain_only();
    let out = directory.path().join("out").join("deep");
    let context = context(&files);
    let text = format!(
        "output_dir = {}\nsave_results = true\n[steps]\n[[add]]\nsave_results=1\n",
        out.display()
    );
    let text = text + "[[split]]\nsave_results = 1\nsuffix = part\n";
    let mut run = Run::begin(&context, pipeline(&text), Some("in/jw1_uncal.fits")).unwrap();
    let model = run.step::<Add, _>(toy(1.0)).unwrap();
    assert_eq!(model.name.as_deref(), Some("jw1_add.fits"));
    let outcome = run.outcome::<Split>("split", model).unwrap();
    let Outcome::Complete((mut first, Some(mut second))) = outcome else {
        panic!("the step ran");
    };
    run.save(&mut second, "rateints").unwrap();
    run.settings_mut()
        .set("suffix", "rate", Origin::Pipeline("toy".into()))
        .unwrap();
    let saved = run.finish(&mut first).unwrap();
    let names: Vec<_> = saved
        .iter()
        .map(|p| p.strip_prefix(&out).unwrap().to_str().unwrap())
        .collect();
    let expected = [
        "jw1_add.fits",
        "jw1_0_part.fits",
        "jw1_1_part.fits",
        "jw1_rateints.fits",
        "jw1_rate.fits",
    ];
    assert_eq!(names, expected);
    assert!(
        saved
            .iter()
            .all(|path| fs::read_to_string(path).unwrap() == "2")
    );
}

#[test]
fn results_that_are_left_are_saved_with_the_next_ones() {
    let (directory, files) = gain_only();
    let notes = Notes::default();
    let context = Context {
        observer: &notes,
        ..context(&files)
    };
    let text = format!(
        "output_dir = {}\nsave_results = true\n[steps]\n[[add]]\nsave_results=1\n",
        directory.path().display()
    );
    let mut run = Run::begin(&context, pipeline(&text), Some("in/jw1_uncal.fits")).unwrap();
    assert_eq!(run.leave_results::<Add>("add", toy(1.0)).unwrap(), None);
    assert!(run.saved().is_empty());
    run.deliver(&mut toy(5.0), "rate").unwrap();
    // A step that does not come to results gives its input back, and saves it as ever.
    let input = run.leave_results::<Add>("add", toy(-1.0)).unwrap();
    assert_eq!(input.map(|toy| toy.value), Some(-1.0));
    let saved = run.close();
    let values = saved.iter().map(|path| fs::read_to_string(path).unwrap());
    assert_eq!(values.collect::<Vec<_>>(), ["-1", "5", "-1"]);
    let told = notes.0.lock().unwrap().join("\n");
    let expected = "planned add split\nbegins add\nended add COMPLETE \n\
        saved jw1_add.fits\nsaved jw1_rate.fits\nbegins add\n\
        ended add SKIPPED the value is negative\nsaved jw1_add.fits";
    assert_eq!(told, expected);
}

/// As `JumpStep(...).make_output_path()` of stpipe 1.1.0 names them, `save_model` choosing the base.
#[test]
fn output_file_names_are_searched_in_the_task() {
    let (directory, files) = gain_only();
    let names = |top: &str, step: &str| {
        let context = context(&files);
        let text = format!(
            "output_dir = {}\n{top}\n[steps]\n[[add]]\nsave_results = 1\n{step}\n",
            directory.path().display()
        );
        let mut run = Run::begin(&context, pipeline(&text), Some("in/x_uncal.fits")).unwrap();
        run.step::<Add, _>(toy(1.0)).unwrap().name.unwrap()
    };
    assert_eq!(names("", ""), "x_add.fits");
    assert_eq!(names("output_file = /q/hello.asdf", ""), "hello_add.fits");
    assert_eq!(
        names("output_file = hello.fits", "output_file = mine_uncal.fits"),
        "mine_add.fits"
    );
    assert_eq!(
        names("output_file = hello.fits", "search_output_file = no"),
        "jw1_add.fits"
    );
    assert_eq!(names("", "output_use_model = yes"), "jw1_add.fits");
    assert_eq!(names("", "suffix = foo\noutput_ext = asdf"), "x_foo.asdf");
}

#[test]
fn an_output_directory_that_cannot_be_made_is_an_error() {
    let (directory, files) = gain_only();
    let file = directory.path().join("toy_gain_0001.fits");
    let context = context(&files);
    let settings = pipeline(&format!("output_dir = {}/x\n", file.display()));
    let error = Run::begin(&context, settings, None).err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with("cannot make the output directory"),
        "{error}"
    );
}

#[test]
fn a_step_alone_is_not_skipped_and_logs_into_its_product() {
    let (directory, files) = gain_only();
    let sink = LogSink::default();
    let context = Context {
        log: sink.clone(),
        software: ("toy", "3.0.0"),
        ..context(&files)
    };
    let task = StepTask::<Add>::new(|_| Ok(toy(1.0)));
    let mut settings = Settings::defaults(task.spec());
    let mut line = ConfigTree::default();
    line.set_path("skip", "true");
    line.set_path("save_results", "true");
    line.set_path("output_dir", directory.path().to_str().unwrap());
    settings
        .apply(&line, &Origin::CommandLine, UnknownKeys::Refuse)
        .unwrap();
    let subscriber = tracing_subscriber::registry().with(sink.layer());
    let saved = tracing::subscriber::with_default(subscriber, || {
        task.run(&context, settings, &[PathBuf::from("in/x_uncal.fits")])
            .unwrap()
    });
    assert_eq!(saved, [directory.path().join("x_addstep.fits")]);
    let messages: Vec<_> = sink
        .lines()
        .iter()
        .map(|line| line.split(" - ").skip(1).collect::<Vec<_>>().join(" - "))
        .collect();
    let expected = [
        "stpipe.step - INFO - AddStep instance created.",
        "stpipe.step - INFO - Step AddStep running with args ('in/x_uncal.fits',).",
        "stpipe.step - INFO - Step AddStep parameters are:",
        "stpipe.step - INFO - Step run as standalone, so skip set to False",
        "stpipe.step - INFO - Results used CRDS context: toy_0001.pmap",
        "stpipe.step - INFO - Saved model in x_addstep.fits",
        "stpipe.step - INFO - Step AddStep done",
        "stpipe.step - INFO - Results used toy version: 3.0.0",
    ];
    for (message, expected) in messages.iter().zip(expected) {
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
    assert_eq!(messages.len(), expected.len());
    let error = task
        .run(&context, Settings::defaults(task.spec()), &[])
        .unwrap_err();
    assert_eq!(error.to_string(), "AddStep takes one input file, found 0");
}

#[test]
fn layers_merge_in_order() {
    let (directory, mut files) = gain_only();
    let mut add = |kind: &str, text: &str| {
        let name = format!("toy_{kind}_0001.cfg");
        let path = directory.path().join(&name);
        fs::write(&path, text).unwrap();
        files
            .0
            .insert(kind.to_owned(), Reference::Cached { path, name });
    };
    add(
        "pars-addstep",
        "name = add\nclass = toy.AddStep\namount = 2\nsuffix = a\nno_longer_there = 3\n",
    );
    add(
        "pars-toypipeline",
        "[steps]\n[[add]]\namount = 3\noutput_ext = b\nskip = True\n",
    );
    let spec = Arc::clone(pipeline("").spec());
    let mut sources = ParameterSources {
        reference_system: parameter_layers(&spec, &files, &Values::new()).unwrap(),
        ..ParameterSources::default()
    };
    let file = from_ini("name = mine\n[steps]\n[[add]]\noutput_ext = c\nskip = 0\n").unwrap();
    sources.file = Some(("u.cfg".into(), file));
    let mut line = ConfigTree::default();
    line.set_path("steps.add.skip", "yes");
    sources.options = Some((Origin::CommandLine, line));

    let settings = resolve_settings(&spec, &sources).unwrap();
    assert_eq!(settings.name(), "mine");
    let add = settings.step("add").unwrap();
    let of = |name| {
        let setting = add.setting(name).unwrap();
        (setting.value.to_string(), setting.origin.to_string())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(of("suffix"), pair("a", "crds://toy_pars-addstep_0001.cfg"));
    assert_eq!(
        of("amount"),
        pair("3.0", "crds://toy_pars-toypipeline_0001.cfg")
    );
    assert_eq!(of("output_ext"), pair("c", "file u.cfg"));
    assert_eq!(of("skip"), pair("True", "command line"));
    assert_eq!(of("save_results"), pair("False", "default"));
}

#[test]
fn tables_run_under_their_conditions() {
    const TABLE: &[Entry<Toy>] = &[
        Entry::of::<Add>(),
        Entry::of::<Add>().when("the value is small", |toy| toy.value < 2.5),
    ];
    let (_directory, files) = gain_only();
    let context = context(&files);
    let mut run = Run::begin(&context, pipeline(""), None).unwrap();
    assert_eq!(run.table(TABLE, toy(1.0)).unwrap().value, 3.0);
    assert_eq!(run.table(TABLE, toy(2.0)).unwrap().value, 3.0);
    assert_eq!(
        describe_table(TABLE),
        "add  Adds\nadd  Adds (if the value is small)\n"
    );
}

/// Notes what it is told.
#[derive(Default)]
struct Notes(std::sync::Mutex<Vec<String>>);

impl Notes {
    fn add(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }
}

impl crate::Observer for Notes {
    fn planned(&self, steps: &[&str]) {
        self.add(format!("planned {}", steps.join(" ")));
    }

    fn step_begins(&self, step: &str) {
        self.add(format!("begins {step}"));
    }

    fn step_ended(&self, report: &crate::StepReport<'_>) {
        let reason = report.reason.clone().unwrap_or_default();
        self.add(format!("ended {} {} {reason}", report.step, report.status));
    }

    fn saved(&self, path: &Path) {
        let name = path.file_name().unwrap_or_default();
        self.add(format!("saved {}", name.display()));
    }
}

#[test]
fn an_observer_is_told_how_the_run_goes_on() {
    let (directory, files) = gain_only();
    let notes = Notes::default();
    let context = Context {
        observer: &notes,
        ..context(&files)
    };
    let folder = directory.path().display();
    let text =
        format!("output_dir = {folder}\nsave_results = True\n[steps]\n[[split]]\nskip = True\n");
    let mut run = Run::begin(&context, pipeline(&text), Some("in/jw1_uncal.fits")).unwrap();
    let model = run.step::<Add, _>(toy(1.0)).unwrap();
    let mut negative = run.step::<Add, _>(toy(-1.0)).unwrap();
    assert_eq!(model.value, 2.0);
    run.finish(&mut negative).unwrap();
    let told = notes.0.lock().unwrap().join("\n");
    let expected = "planned add split\nbegins add\nended add COMPLETE \nbegins add\n\
        ended add SKIPPED the value is negative\nsaved jw1_toypipeline.fits";
    assert_eq!(told, expected);
}
