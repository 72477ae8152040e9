//! Chores of this workspace: `cargo xtask layers | bench | golden | ramp-statistics`.

mod bench;
mod golden;
mod layers;
mod process;
mod ramp_statistics;

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
    /// Work on the golden cases.
    Golden(golden::Arguments),
    /// Bias and scatter of the ramp fits on simulated ramps.
    RampStatistics(ramp_statistics::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().chore {
        Chore::Layers => layers::check(),
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::Golden(arguments) => golden::run(&arguments),
        Chore::RampStatistics(arguments) => ramp_statistics::run(&arguments),
    }
}

#[expect(clippy::print_stdout, reason = "a chore's result goes to the terminal")]
fn say(text: &str) {
    println!("{text}");
}
