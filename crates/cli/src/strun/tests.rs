use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::sync::Mutex;

use insta::assert_snapshot;
use stpipe::{
    BoxError, Outcome, Prepared, Product, Products, Provenance, ReferenceFiles, Run, RunError,
    SkipReason, Status, Step, StepError, StepTask, TaskSpec,
};

use super::*;

/// A number in a text file.
#[derive(Debug, Clone)]
struct Number {
    value: f64,
    name: String,
    log: Vec<String>,
}

fn open(path: &Path) -> Result<Number, BoxError> {
    Ok(Number {
        value: fs::read_to_string(path)?.trim().parse()?,
        name: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        log: Vec::new(),
    })
}

impl Product for Number {
    fn selection(&self) -> Values {
        Values::new()
    }

    fn describe(&self) -> String {
        "Number()".to_owned()
    }

    fn file_name(&self) -> Option<String> {
        Some(self.name.clone())
    }

    fn set_file_name(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    fn set_status(&mut self, key: &str, status: Status) {
        self.log.push(format!("{key} {status}"));
    }

    fn set_skip_reason(&mut self, _: &str, _: &SkipReason) {}

    fn record(&mut self, _: &Provenance<'_>) {}

    fn save(&mut self, path: &Path) -> Result<(), BoxError> {
        Ok(fs::write(
            path,
            format!("{} {}", self.value, self.log.join(" ")),
        )?)
    }
}

stpipe::choices! {
    /// Ways to add.
    enum Way {
        /// The number itself.
        Plain = "plain",
        /// Twice.
        Double = "double",
    }
}

stpipe::params! {
    /// Parameters of the addition.
    struct AddParams {
        /// What to add [DN]
        pub amount: f64 = 1.0, min(0.0), max(100.0);
        /// How to add it
        pub way: Way = Way::Plain;
        /// Allow it at all
        pub allowed: bool = true;
        /// A range of numbers
        pub range: Option<Vec<i64>> = None, items(2..=2);
    }
}

struct Add;

impl Step for Add {
    const NAME: &'static str = "add";
    const CLASS: &'static str = "toy.add.add_step.AddStep";
    const ABOUT: &'static str = "Adds a number";
    const STATUS_KEY: &'static str = "add";
    const REFERENCES: &'static [&'static str] = &["gain"];
    type Params = AddParams;
    type References = ();
    type Input = Number;
    type Output = Number;

    fn prepare(
        params: &AddParams,
        _: &Number,
        files: &ReferenceFiles,
    ) -> Result<Prepared<()>, StepError> {
        if params.allowed {
            files.path("gain")?;
            Ok(Prepared::Ready(()))
        } else {
            Ok(Prepared::Skip(SkipReason::not_applicable(
                "it is not allowed",
            )))
        }
    }

    fn run(
        params: &AddParams,
        (): (),
        mut input: Number,
    ) -> Result<Outcome<Number, Number>, StepError> {
        let factor = match params.way {
            Way::Plain => 1.0,
            Way::Double => 2.0,
        };
        input.value += params.amount * factor;
        Ok(Outcome::Complete(input))
    }
}

stpipe::params! {
    /// Parameters of the pipeline.
    struct ToyParams {
        /// Save the sum, too
        pub save_sum: bool = false;
    }
}

struct ToyPipeline(Arc<TaskSpec>);

impl Task for ToyPipeline {
    fn spec(&self) -> &Arc<TaskSpec> {
        &self.0
    }

    fn run(
        &self,
        context: &Context<'_>,
        settings: Settings,
        inputs: &[PathBuf],
    ) -> Result<Vec<PathBuf>, RunError> {
        let mut run = Run::begin(context, settings, inputs[0].to_str())?;
        let mut number = open(&inputs[0]).map_err(|source| RunError::Input {
            path: inputs[0].clone(),
            source,
        })?;
        run.prefetch(&number.selection(), &["add"])?;
        number = run.step::<Add, _>(number)?;
        if run.settings().params::<ToyParams>()?.save_sum {
            run.save(&mut number, "sum")?;
        }
        run.finish(&mut number as &mut dyn Products)
    }
}

/// References by type, as `(type, path)`.
struct Files(BTreeMap<String, PathBuf>);

impl ReferenceSource for Files {
    fn best_references(
        &self,
        _: &Values,
        types: &[&str],
    ) -> Result<BTreeMap<String, Reference>, BoxError> {
        let answer = |kind: &&str| {
            let reference = match self.0.get(*kind) {
                Some(path) => Reference::Cached {
                    path: path.clone(),
                    name: path
                        .file_name()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into_owned(),
                },
                None => Reference::Missing {
                    context: "toy_0001.pmap".to_owned(),
                    reason: "no rule matches".to_owned(),
                },
            };
            ((*kind).to_owned(), reference)
        };
        Ok(types.iter().map(answer).collect())
    }

    fn context(&self) -> Result<String, BoxError> {
        Ok("toy_0001.pmap".to_owned())
    }

    fn version(&self) -> &'static str {
        "1"
    }
}

struct Toy {
    tasks: Vec<Arc<dyn Task>>,
    files: BTreeMap<String, PathBuf>,
}

impl Mission for Toy {
    fn software(&self) -> (&str, &str) {
        ("toy", "3.0.0")
    }

    fn suffixes(&self) -> &[&str] {
        &["uncal", "addstep", "sum"]
    }

    fn tasks(&self) -> &[Arc<dyn Task>] {
        &self.tasks
    }

    fn selection(&self, path: &Path, _files_anywhere: bool) -> Result<Values, BoxError> {
        open(path).map(|number| number.selection())
    }

    fn references(&self, context: Option<&str>) -> Result<Box<dyn ReferenceSource>, BoxError> {
        match context {
            None | Some("toy_0001.pmap") => Ok(Box::new(Files(self.files.clone()))),
            Some(other) => Err(format!("the mapping {other} is not in the cache").into()),
        }
    }
}

/// A directory with an input `x_uncal.txt` of 1, a gain reference, and the mission on it.
struct Place {
    directory: tempfile::TempDir,
    toy: Toy,
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("x_uncal.txt"), "1\n").unwrap();
        let gain = directory.path().join("gain.txt");
        fs::write(&gain, "").unwrap();
        let class = "toy.pipeline.calwebb_toy.ToyPipeline";
        let steps = vec![TaskSpec::step::<Add>()];
        let pipeline =
            TaskSpec::pipeline::<ToyParams>("calwebb_toy", class, "Adds, and that is all", steps);
        let toy = Toy {
            tasks: vec![
                Arc::new(ToyPipeline(Arc::new(pipeline))),
                Arc::new(StepTask::<Add>::new(open)),
            ],
            files: BTreeMap::from([("gain".to_owned(), gain)]),
        };
        Self { directory, toy }
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// Status, standard output and standard error without log lines and without the directory's
    /// name. `@` stands for the directory.
    fn strun(&self, line: &str) -> (u8, String, String) {
        self.call(run, line)
    }

    fn call(&self, program: crate::Program, line: &str) -> (u8, String, String) {
        let line = line.replace('@', &self.path(""));
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let (out, err) = (Buffer::default(), Buffer::default());
        let status = program(&self.toy, &args, &Streams::new(out.clone(), err.clone()));
        let clean = |text: String| text.replace(&self.path(""), "@");
        (status, clean(out.text()), clean(err.text()))
    }

    /// Output without the log and the lines about steps.
    fn error(&self, line: &str) -> String {
        let (status, out, err) = self.strun(line);
        let err: Vec<_> = err
            .lines()
            .filter(|l| {
                !l.contains(" - INFO - ") && !l.starts_with("  ")
                    || l.contains("because")
                    || l.contains("hint")
                    || l.contains("code: ")
            })
            .filter(|l| !l.starts_with("add ") && !l.starts_with("calwebb_toy "))
            .collect();
        format!("status {status}\n{out}{}", err.join("\n"))
    }

    fn content(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| format!("{name}: {error}"))
    }
}

#[test]
fn help_texts() {
    let place = Place::new();
    assert_snapshot!("help_general", place.strun("--help").1);
    assert_snapshot!("help_step", place.strun("add --help").1);
    assert_snapshot!("help_pipeline", place.strun("-h calwebb_toy").1);
}

#[test]
fn versions_anywhere() {
    let place = Place::new();
    for line in ["--version", "no_such_step x --version --bad"] {
        let (status, out, _) = place.strun(line);
        assert_eq!((status, out.as_str()), (0, "stpipe: 0.1.0\ntoy: 3.0.0\n"));
    }
}

#[test]
fn errors_of_usage() {
    let place = Place::new();
    let lines = [
        "",
        "ad @x_uncal.txt",
        "add",
        "add @x_uncal.txt --amuont=3",
        "add @x_uncal.txt --a=3",
        "add @x_uncal.txt --amount",
        "calwebb_toy @x_uncal.txt --steps.add.ammount=3",
        "calwebb_toy @x_uncal.txt --steps.sub.amount=3",
        "add @x_uncal.txt --range='1",
        "add @x_uncal.txt --log-level=LOUD",
        "add @x_uncal.txt --log-stream=paper",
        "add @x_uncal.txt --threads=0",
        "add @x_uncal.txt --verbose=1",
    ];
    let texts: Vec<_> = lines
        .iter()
        .map(|line| format!("$ strun {line}\n{}\n", place.error(line)))
        .collect();
    assert_snapshot!("errors_of_usage", texts.join("\n"));
}

#[test]
fn errors_of_runs() {
    let mut place = Place::new();
    fs::write(
        place.path("bad.cfg"),
        "class = toy.AddStep\namount = a lot\n",
    )
    .unwrap();
    fs::write(place.path("typo.cfg"), "class = toy.AddStep\namuont = 1\n").unwrap();
    fs::write(
        place.path("hooks.cfg"),
        "class = toy.AddStep\npost_hooks = touch /tmp/x,\n",
    )
    .unwrap();
    fs::write(place.path("other.cfg"), "class = other.AddStep\n").unwrap();
    fs::write(place.path("none.cfg"), "amount = 1\n").unwrap();
    fs::write(place.path("broken.cfg"), "class = toy.AddStep\n[[x\n").unwrap();
    fs::write(place.path("text.txt"), "no number").unwrap();
    let lines = [
        "add @x_uncal.txt --amount=-1",
        "add @x_uncal.txt --way=sideways",
        "add @x_uncal.txt --range=1,",
        "add @x_uncal.txt --skip=perhaps",
        "@bad.cfg @x_uncal.txt",
        "@typo.cfg @x_uncal.txt",
        "@hooks.cfg @x_uncal.txt",
        "@other.cfg @x_uncal.txt",
        "@none.cfg @x_uncal.txt",
        "@broken.cfg @x_uncal.txt",
        "add @absent.txt",
        "add @text.txt",
        "add @x_uncal.txt @x_uncal.txt",
        "add @x_uncal.txt --override_gain=@absent",
        "add @x_uncal.txt --output_dir=@x_uncal.txt/y",
        "add --save-parameters=@no/such/dir.asdf",
    ];
    let mut texts: Vec<_> = lines
        .iter()
        .map(|line| format!("$ strun {line}\n{}\n", place.error(line)))
        .collect();
    place.toy.files.clear();
    texts.push(place.error("calwebb_toy @x_uncal.txt"));
    assert_snapshot!("errors_of_runs", texts.join("\n"));
    assert!(!Path::new(&place.path("x_addstep.fits")).exists());
}

#[test]
fn a_step_runs_and_saves() {
    let place = Place::new();
    let (status, out, err) = place
        .strun("add -v --amount 2.5 @x_uncal.txt --output_dir=@out --output_ext=.txt --way=double");
    assert_eq!((status, out.as_str()), (0, ""), "{err}");
    assert_eq!(place.content("out/x_addstep.txt"), "6 add COMPLETE");
    let log: Vec<_> = err
        .lines()
        .filter(|line| line.contains(" - "))
        .map(|line| line.split(" - ").skip(1).collect::<Vec<_>>().join(" - "))
        .collect();
    assert_snapshot!("log_of_a_step", log.join("\n"));
}

#[test]
fn a_pipeline_takes_dotted_options() {
    let place = Place::new();
    let run = |options: &str| {
        let line = format!("calwebb_toy @x_uncal.txt --output_dir=@ --output_ext=txt {options}");
        let (status, _, err) = place.strun(&line);
        assert_eq!(status, 0, "{err}");
        place.content("x_toypipeline.txt")
    };
    assert_eq!(run(""), "2 add COMPLETE");
    assert_eq!(run("--steps.add.amount=3"), "4 add COMPLETE");
    assert_eq!(run("--steps.add.amount 4"), "5 add COMPLETE");
    assert_eq!(run("--steps.add.am=5"), "6 add COMPLETE");
    assert_eq!(run("--steps.add.skip"), "1 add SKIPPED");
    assert_eq!(run("--steps.add.allowed=no"), "1 add SKIPPED");
    run("--save_sum=true --threads=2");
    assert_eq!(place.content("x_sum.txt"), "2 add COMPLETE");
}

#[test]
fn parameters_come_from_all_layers() {
    let mut place = Place::new();
    for (kind, text) in [
        (
            "pars-addstep",
            "class = toy.AddStep\nname = add\namount = 2\n",
        ),
        (
            "pars-toypipeline",
            "class = toy.ToyPipeline\n[steps]\n[[add]]\nway = double\n",
        ),
    ] {
        let path = place.path(kind);
        fs::write(&path, text).unwrap();
        place.toy.files.insert(kind.to_owned(), path.into());
    }
    fs::write(
        place.path("mine.cfg"),
        "class = toy.ToyPipeline\nname = mine\noutput_ext = txt\n",
    )
    .unwrap();
    let run = |options: &str, product: &str| {
        let (status, _, err) =
            place.strun(&format!("@mine.cfg @x_uncal.txt --output_dir=@ {options}"));
        assert_eq!(status, 0, "{err}");
        place.content(product)
    };
    assert_eq!(run("", "x_mine.txt"), "5 add COMPLETE");
    assert_eq!(run("--steps.add.way=plain", "x_mine.txt"), "3 add COMPLETE");
    assert_eq!(
        run("--disable-crds-steppars", "x_mine.txt"),
        "2 add COMPLETE"
    );
    assert_eq!(run("--output_file=y.fits", "y_mine.txt"), "5 add COMPLETE");
    let (_, out, _) = place.call(
        crate::jwst,
        "params @mine.cfg @x_uncal.txt --steps.add.allowed=0",
    );
    assert_snapshot!("effective_parameters", out);
}

#[test]
fn saved_parameters_run_again() {
    let place = Place::new();
    let (status, _, err) =
        place.strun("calwebb_toy --steps.add.amount=7 --output_ext=txt --save-parameters=@p.asdf");
    assert_eq!(status, 0, "{err}");
    let (status, _, err) = place.strun("@p.asdf @x_uncal.txt --output_dir=@");
    assert_eq!(status, 0, "{err}");
    assert_eq!(place.content("x_toypipeline.txt"), "8 add COMPLETE");
}

#[test]
fn the_log_goes_where_it_is_sent() {
    let place = Place::new();
    let (_, out, err) =
        place.strun("add @x_uncal.txt -v --output_dir=@ --log-stream=stdout --log-file=@log");
    assert!(out.contains("Step AddStep done"));
    assert_eq!(err, "");
    assert!(place.content("log").contains("Step AddStep done"));
    let (_, out, err) = place.strun("add @x_uncal.txt --output_dir=@ --log-level=ERROR");
    assert_eq!((out.as_str(), err.as_str()), ("", ""));
}

#[test]
fn jwst_lists_steps_and_parameters() {
    let place = Place::new();
    assert_snapshot!("steps", place.call(crate::jwst, "steps").1);
    assert_snapshot!("params", place.call(crate::jwst, "params add").1);
    let (status, _, err) = place.call(crate::jwst, "params ad");
    assert_eq!(status, 2);
    assert!(err.contains("did you mean add?"), "{err}");
    assert_eq!(place.call(crate::jwst, "nonsense").0, 2);
    assert_eq!(place.call(crate::jwst, "--help").0, 0);
    let (status, _, err) = place.call(
        crate::jwst,
        "run add @x_uncal.txt --output_dir=@ --output_ext=txt",
    );
    assert_eq!(status, 0, "{err}");
    assert_eq!(place.content("x_addstep.txt"), "2 add COMPLETE");
}

/// The lock of a run of the pipeline, which is in the directory of the products.
fn locked(place: &Place) -> String {
    let line = "calwebb_toy @x_uncal.txt --steps.add.amount=7 --output_ext=txt --output_dir=@out --lock=toy.lock";
    let (status, _, err) = place.strun(line);
    assert_eq!(status, 0, "{err}");
    place.content("out/toy.lock")
}

#[test]
fn a_lock_is_written_beside_the_products_and_repeated() {
    let mut place = Place::new();
    fs::write(
        place.path("pars"),
        "class = toy.AddStep\nname = add\nway = double\n",
    )
    .unwrap();
    let pars = place.path("pars").into();
    place.toy.files.insert("pars-addstep".to_owned(), pars);
    let lock = locked(&place);
    let software = stpipe::lock::Software::of("toy", "3.0.0");
    assert_snapshot!("lock", lock.replace(&software.platform, "PLATFORM"));
    assert_eq!(place.content("out/x_toypipeline.txt"), "15 add COMPLETE");
    // Another default way, and no word of the parameters.
    fs::write(
        place.path("pars"),
        "class = toy.AddStep\nname = add\nway = plain\n",
    )
    .unwrap();
    let line =
        "calwebb_toy @x_uncal.txt --locked=@out/toy.lock --output_dir=@again --lock=toy.lock";
    let (status, _, err) = place.strun(line);
    assert_eq!(status, 0, "{err}");
    assert_eq!(place.content("again/x_toypipeline.txt"), "15 add COMPLETE");
    assert_eq!(place.content("again/toy.lock"), lock);
}

#[test]
fn a_locked_run_refuses_what_differs() {
    let place = Place::new();
    let lock = locked(&place);
    fs::write(place.path("y_uncal.txt"), "2\n").unwrap();
    fs::write(place.path("none.lock"), "{}").unwrap();
    fs::write(
        place.path("other.lock"),
        lock.replace("toy_0001.pmap", "toy_0002.pmap"),
    )
    .unwrap();
    fs::write(place.path("old.lock"), lock.replace("3.0.0", "2.9.0")).unwrap();
    let lines = [
        "calwebb_toy @x_uncal.txt --locked=@out/toy.lock --steps.add.amount=6 --save_sum",
        "calwebb_toy @y_uncal.txt --locked=@out/toy.lock",
        "add @x_uncal.txt --locked=@out/toy.lock",
        "calwebb_toy @x_uncal.txt --locked=@other.lock",
        "calwebb_toy @x_uncal.txt --locked=@old.lock",
        "calwebb_toy @x_uncal.txt --locked=@none.lock",
        "calwebb_toy @x_uncal.txt --locked=@absent.lock",
        "calwebb_toy --locked=@out/toy.lock",
    ];
    let error = |line: &str| {
        let (status, _, err) = place.strun(line);
        let lines = err.lines().filter(|line| !line.contains(" - "));
        let lines: Vec<&str> = lines.collect();
        format!("$ strun {line}\nstatus {status}\n{}\n", lines.join("\n"))
    };
    let mut texts: Vec<_> = lines.iter().map(|line| error(line)).collect();
    fs::write(place.path("gain.txt"), "changed").unwrap();
    texts.push(error("calwebb_toy @x_uncal.txt --locked=@out/toy.lock"));
    assert_snapshot!("errors_of_locks", texts.join("\n"));
}
