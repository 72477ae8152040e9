use std::sync::Arc;

use super::*;
use crate::TaskSpec;

crate::params! {
    /// A step's parameters.
    pub(super) struct JumpParams {
        /// Threshold [sigma]
        pub rejection_threshold: f64 = 4.0, min(0.0);
        /// Cores
        pub maximum_cores: String = "1";
        /// A list
        pub order: Option<Vec<i64>> = None;
        /// A table
        pub table: Option<String> = None, input_path();
    }
}

crate::params! {
    /// A pipeline's parameters.
    pub(super) struct ToyParams {
        /// Save a product in between
        pub save_calibrated_ramp: bool = false;
    }
}

fn toy() -> Arc<TaskSpec> {
    let mut jump = TaskSpec::pipeline::<JumpParams>("jump", "toy.jump.JumpStep", "Jumps", vec![]);
    jump.name = "jump".into();
    jump.references = vec!["gain".into()];
    let class = "toy.pipeline.calwebb_toy.ToyPipeline";
    Arc::new(TaskSpec::pipeline::<ToyParams>(
        "calwebb_toy",
        class,
        "A toy",
        vec![jump],
    ))
}

fn apply(settings: &mut Settings, text: &str, origin: &Origin) -> Result<(), ConfigError> {
    settings.apply(&from_ini(text).unwrap(), origin, UnknownKeys::Refuse)
}

#[test]
fn ini_nests_sections_and_reads_triple_quotes() {
    let text = "name = \"x\"\nclass = 'toy.JumpStep'\nskip = True # five\n[ steps ]\n# c\n  [[jump]] # c\n  \
                'maximum_cores' = \"\"\"multi\nline\"\"\"\n  order = 1, 2\n  [[other]]\n";
    let tree = from_ini(text).unwrap();
    assert_eq!(tree.name.as_deref(), Some("x"));
    assert_eq!(tree.class.as_deref(), Some("toy.JumpStep"));
    assert_eq!(tree.values.get("skip"), Some(&"True".into()));
    let (name, jump) = &tree.steps[0];
    assert_eq!(name, "jump");
    assert_eq!(
        jump.values.get("maximum_cores"),
        Some(&"multi\nline".into())
    );
    assert_eq!(jump.values.get("order"), Some(&vec!["1", "2"].into()));
    assert_eq!(tree.steps.len(), 2);
}

/// The same texts are errors for `ConfigObj(lines, raise_errors=True)`, but for `[jump]`, which it
/// reads and stpipe then refuses.
#[test]
fn broken_ini_names_the_line() {
    let cases = [
        ("a = 1\na = 2\n", "line 2: \"a\" is given twice"),
        (
            "[steps]\n[[[x]]]\n",
            "line 2: the section \"x\" is nested too deeply: its parent section is missing",
        ),
        (
            "x\n",
            "line 1: expected `[section]` or `key = value`, found \"x\"",
        ),
        ("[steps]\n[[a]]\n[[a]]\n", "line 3: \"a\" is given twice"),
        (
            "[steps\n",
            "line 1: the section marker \"[steps\" has unequal brackets",
        ),
        ("a = '''b\n", "line 1: the triple quote is not closed"),
        (
            "[jump]\n",
            "line 1: expected the section [steps] with one sub-section for each step, found [jump]",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(from_ini(text).unwrap_err().to_string(), message);
    }
    assert!(
        from_ini("a = 'it\n")
            .unwrap_err()
            .to_string()
            .starts_with("line 1: cannot read")
    );
}

#[test]
fn later_layers_win_and_origins_are_kept() {
    let mut settings = Settings::defaults(&toy());
    let crds = Origin::Crds("toy_pars-jumpstep_0001.asdf".into());
    let text = "[steps]\n[[jump]]\nrejection_threshold = 5\nmaximum_cores = half\n";
    apply(&mut settings, text, &crds).unwrap();
    let mut line = ConfigTree::default();
    line.set_path("steps.jump.rejection_threshold", "6");
    line.set_path("save_calibrated_ramp", "true");
    settings
        .apply(&line, &Origin::CommandLine, UnknownKeys::Refuse)
        .unwrap();

    assert!(settings.params::<ToyParams>().unwrap().save_calibrated_ramp);
    let jump = settings.step("jump").unwrap();
    let params = jump.params::<JumpParams>().unwrap();
    assert_eq!(params.rejection_threshold, 6.0);
    assert_eq!(params.maximum_cores, "half");
    let origin = |name| jump.setting(name).unwrap().origin.to_string();
    assert_eq!(origin("rejection_threshold"), "command line");
    assert_eq!(
        origin("maximum_cores"),
        "crds://toy_pars-jumpstep_0001.asdf"
    );
    assert_eq!(origin("skip"), "default");
    let record = settings.to_node();
    let path = "steps.jump.parameters.maximum_cores.origin";
    assert_eq!(
        record.get_path(path).and_then(asdf::Node::as_str),
        Some("crds://toy_pars-jumpstep_0001.asdf")
    );
}

#[test]
fn unknown_names_are_refused_or_ignored() {
    let mut settings = Settings::defaults(&toy());
    let chain = |e: ConfigError| match std::error::Error::source(&e) {
        Some(source) => format!("{e}: {source}"),
        None => e.to_string(),
    };
    let text = "[steps]\n[[jump]]\nrejection_treshold = 5\n";
    assert_eq!(
        chain(apply(&mut settings, text, &Origin::CommandLine).unwrap_err()),
        "wrong parameter (command line): unknown parameter `steps.jump.rejection_treshold`; did you mean `rejection_threshold`?"
    );
    let text = "[steps]\n[[jumpp]]\nskip = 1\n";
    assert_eq!(
        chain(apply(&mut settings, text, &Origin::CommandLine).unwrap_err()),
        "command line: ToyPipeline has no step `jumpp`; did you mean `jump`?"
    );
    let before = settings.clone();
    let tree = from_ini(text).unwrap();
    settings
        .apply(&tree, &Origin::Crds("x".into()), UnknownKeys::Warn)
        .unwrap();
    assert_eq!(settings, before);
}

#[test]
fn hooks_are_refused_wherever_they_stand() {
    let mut settings = Settings::defaults(&toy());
    apply(&mut settings, "pre_hooks = ,\n", &Origin::CommandLine).unwrap();
    let text = "[steps]\n[[jump]]\npost_hooks = touch x,\n";
    let error = apply(&mut settings, text, &Origin::File("a.cfg".into())).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("file a.cfg: `post_hooks` is not empty ([touch x]): hooks would run"),
        "{message}"
    );
}

#[test]
fn paths_in_a_file_begin_at_its_directory() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::write(
        at("jump.cfg"),
        "name = jump\nclass = toy.JumpStep\ntable = t.txt\norder = 3,\n",
    )
    .unwrap();
    std::fs::write(
        at("toy.cfg"),
        "[steps]\n[[jump]]\nconfig_file = jump.cfg\norder = 4,\n",
    )
    .unwrap();
    let mut settings = Settings::defaults(&toy());
    let file = at("toy.cfg");
    let tree = read(&file).unwrap();
    settings
        .apply(&tree, &Origin::File(file.clone()), UnknownKeys::Refuse)
        .unwrap();
    let jump = settings.step("jump").unwrap();
    assert_eq!(jump.value("order"), &vec![4_i64].into());
    assert_eq!(jump.value("table").as_str(), at("t.txt").to_str());
    assert_eq!(
        jump.setting("table").unwrap().origin,
        Origin::File(at("jump.cfg"))
    );
    assert!(
        settings
            .check_files()
            .unwrap_err()
            .to_string()
            .contains("does not exist")
    );
    std::fs::write(at("t.txt"), "").unwrap();
    settings.check_files().unwrap();
    std::fs::write(at("jump.cfg"), "config_file = jump.cfg\n").unwrap();
    let error = settings
        .apply(&tree, &Origin::File(file), UnknownKeys::Refuse)
        .unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }));
}

#[test]
fn saved_parameters_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("toy.asdf");
    let mut settings = Settings::defaults(&toy());
    let text = "output_dir = out\n[steps]\n[[jump]]\nrejection_threshold = 5\norder = 1, 2\noverride_gain = g.fits\n";
    apply(&mut settings, text, &Origin::CommandLine).unwrap();
    save(&settings, &path).unwrap();

    let tree = read(&path).unwrap();
    assert_eq!(
        tree.class.as_deref(),
        Some("toy.pipeline.calwebb_toy.ToyPipeline")
    );
    assert_eq!(tree.name.as_deref(), Some("ToyPipeline"));
    let mut again = Settings::defaults(&toy());
    again
        .apply(&tree, &Origin::CommandLine, UnknownKeys::Refuse)
        .unwrap();
    assert_eq!(again.value("output_dir"), settings.value("output_dir"));
    let (jump, before) = (again.step("jump").unwrap(), settings.step("jump").unwrap());
    assert_eq!(jump.params::<JumpParams>(), before.params::<JumpParams>());
    assert_eq!(
        jump.reference_override("gain"),
        None,
        "overrides are not saved"
    );
}

#[test]
fn first_layout_of_asdf_is_read() {
    let text = "#ASDF 1.0.0\n#ASDF_STANDARD 1.3.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n\
                parameters:\n  class: toy.pipeline.ToyPipeline\n  name: toy\n  save_calibrated_ramp: true\n  \
                steps:\n    jump: {class: toy.JumpStep, rejection_threshold: 7}\n...\n";
    let tree = from_asdf(text.as_bytes()).unwrap();
    assert_eq!(tree.class.as_deref(), Some("toy.pipeline.ToyPipeline"));
    assert_eq!(tree.values.get("save_calibrated_ramp"), Some(&true.into()));
    assert_eq!(tree.steps[0].0, "jump");
    assert_eq!(
        tree.steps[0].1.values.get("rejection_threshold"),
        Some(&7_i64.into())
    );
}

#[test]
fn trees_that_are_no_parameter_files_are_refused() {
    let head = "#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n";
    let message = |body: &str| {
        from_asdf(format!("{head}{body}...\n").as_bytes())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        message("a: 1\n"),
        "`parameters`: expected a mapping, found nothing"
    );
    assert_eq!(
        message("parameters: {a: 1}\n"),
        "`class`: expected the class of a step, found nothing"
    );
    assert_eq!(
        message("class: a.B\nparameters: 3\n"),
        "`parameters`: expected a mapping, found a number"
    );
    assert_eq!(
        message("class: a.B\nparameters: {x: {y: 1}}\n"),
        "`parameters.x`: expected a parameter's value, found a mapping"
    );
    assert_eq!(
        message("class: a.B\nparameters: {}\nsteps: [{class: c.D, parameters: {}}]\n"),
        "`steps[0].name`: expected the name of a step, found nothing"
    );
}

#[test]
fn tasks_answer_to_their_names() {
    let toy = toy();
    for name in [
        "calwebb_toy",
        "ToyPipeline",
        "toy.pipeline.ToyPipeline",
        "toy::calwebb_toy",
    ] {
        assert!(toy.answers_to(name), "{name}");
    }
    for name in [
        "toypipeline",
        "other.pipeline.ToyPipeline",
        "other::calwebb_toy",
        "toy",
    ] {
        assert!(!toy.answers_to(name), "{name}");
    }
    assert_eq!(toy.parameters_type(), "pars-toypipeline");
}
