//! Chores of this workspace: `cargo xtask layers | bench | docs | golden | ramp-statistics | sbom | transcript`.

mod bench;
mod docs;
mod golden;
mod layers;
mod process;
mod ramp_statistics;
mod sbom;
mod transcript;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", about = "Chores of this workspace")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Check that the crates depend on each other only in the directions of ARCHITECTURE.md.
    Layers,
    /// Measure a pipeline, against the reference where one is given.
    Bench(bench::Arguments),
    /// Write the parts of the book anew that are made from the code, and check its links.
    Docs(docs::Arguments),
    /// Work on the golden cases.
    Golden(golden::Arguments),
    /// Bias and scatter of the ramp fits on simulated ramps.
    RampStatistics(ramp_statistics::Arguments),
    /// List everything that the programs are made of (`CycloneDX`).
    Sbom(sbom::Arguments),
    /// Run the commands of a first hour and write what they print into the book.
    Transcript,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().chore {
        Chore::Layers => layers::check(),
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::Docs(arguments) => docs::run(&arguments),
        Chore::Golden(arguments) => golden::run(&arguments),
        Chore::RampStatistics(arguments) => ramp_statistics::run(&arguments),
        Chore::Sbom(arguments) => sbom::run(&arguments),
        Chore::Transcript => transcript::run(),
    }
}

#[expect(clippy::print_stdout, reason = "a chore's result goes to the terminal")]
fn say(text: &str) {
    println!("{text}");
}
