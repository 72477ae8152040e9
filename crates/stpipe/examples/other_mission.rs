//! A step of a mission that is not JWST: declared, configured in layers, run on plain memory.
//!
//! `cargo run --release -p stpipe --example other_mission`
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::collections::BTreeMap;
use std::sync::Arc;

use stpipe::config::from_ini;
use stpipe::{
    BoxError, ConfigTree, Origin, Outcome, Prepared, Reference, ReferenceFiles, Settings,
    SkipReason, Step, StepError, TaskSpec, UnknownKeys,
};

stpipe::params! {
    /// Parameters of `bias`.
    pub struct BiasParams {
        /// Factor of the bias
        pub scale: f64 = 1.0, min(0.0);
    }
}

/// Subtracts a bias from counts [DN].
struct Bias;

impl Step for Bias {
    const NAME: &'static str = "bias";
    const CLASS: &'static str = "toy.BiasStep";
    const ABOUT: &'static str = "Subtracts the bias";
    const STATUS_KEY: &'static str = "bias";
    const REFERENCES: &'static [&'static str] = &["bias"];
    type Params = BiasParams;
    type References = Vec<f64>;
    type Input = Vec<f64>;
    type Output = Vec<f64>;

    /// The reference is a text of numbers; without one the step does not apply, and the product would say so.
    fn prepare(
        _: &BiasParams,
        _: &Vec<f64>,
        files: &ReferenceFiles,
    ) -> Result<Prepared<Vec<f64>>, StepError> {
        let Some(path) = files.path("bias")? else {
            return Ok(Prepared::Skip(SkipReason::NoReference("bias")));
        };
        let wrong =
            |error: BoxError| StepError::reference("bias", path.display().to_string(), error);
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.into()))?;
        let values: Result<Vec<f64>, _> = text.split_whitespace().map(str::parse).collect();
        let values = values.map_err(|error: std::num::ParseFloatError| wrong(error.into()))?;
        Ok(Prepared::Ready(values))
    }

    fn run(
        params: &BiasParams,
        bias: Vec<f64>,
        mut counts: Vec<f64>,
    ) -> Result<Outcome<Vec<f64>, Vec<f64>>, StepError> {
        if bias.len() != counts.len() {
            return Err(StepError::input("counts", bias.len(), counts.len()));
        }
        let pairs = counts.iter_mut().zip(bias);
        pairs.for_each(|(count, bias)| *count -= params.scale * bias);
        Ok(Outcome::Complete(counts))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The layers: a file of the user, then the command line. Each value knows where it came from.
    let spec = Arc::new(TaskSpec::step::<Bias>());
    let mut settings = Settings::defaults(&spec);
    let file = from_ini("scale = 2.0\n")?;
    settings.apply(&file, &Origin::File("my.cfg".into()), UnknownKeys::Refuse)?;
    let mut line = ConfigTree::default();
    line.set_path("scale", "0.5");
    settings.apply(&line, &Origin::CommandLine, UnknownKeys::Refuse)?;
    if let Some(setting) = settings.setting("scale") {
        println!("scale = {} ({})", setting.value, setting.origin);
    }
    let params: BiasParams = settings.params()?;

    // A reference, as a reference system or the user would name it.
    let folder = std::env::temp_dir().join(format!("other_mission-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("bias.txt");
    std::fs::write(&path, "10 20 30")?;
    let files = BTreeMap::from([("bias".to_owned(), Reference::Override(path))]);
    let files = ReferenceFiles::new(files);

    let counts = vec![15.0, 25.0, 35.0];
    let outcome = match Bias::prepare(&params, &counts, &files)? {
        Prepared::Ready(bias) => Bias::run(&params, bias, counts)?,
        Prepared::Skip(reason) => Outcome::Skipped {
            input: counts,
            reason,
        },
    };
    println!("{}: {:?}", outcome.status(), outcome.into_model());
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
