//! `jwst report`: a page about a run.

use std::path::PathBuf;

use clap::Args;
use quicklook::{ColourMap, Limits, PictureSize, ReportOptions, Stretch, report};

use crate::output::{announce, named};
use crate::{Failure, Streams};

/// Arguments.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Products (FITS, ECSV catalogues), or folders with products
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// The page to write, an HTML file that needs no other
    #[arg(short, long, value_name = "FILE.html", value_parser = html_name)]
    output: PathBuf,
    /// Its heading [default: made from the products]
    #[arg(long)]
    title: Option<String>,
    /// The run's log as JSON lines, for time and memory
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// How values are spread over the colours: linear, asinh, sqrt or log
    #[arg(long, default_value = "asinh")]
    stretch: Stretch,
    /// Values of the first and last colour: minmax, zscale, percentiles such as 1,99.7% or values such as -1,20
    #[arg(long, default_value = "1,99.7%", allow_hyphen_values = true)]
    limits: Limits,
    /// grey, viridis, grey-inverted or viridis-inverted
    #[arg(long, alias = "colors", value_name = "MAP", default_value = "viridis")]
    colours: ColourMap,
    /// Length of each image's longer side, 64 to 8192 pixels
    #[arg(long, default_value = "420", value_name = "PIXELS")]
    size: PictureSize,
    /// Sources of a catalogue that are listed
    #[arg(long, default_value_t = 25, value_name = "N")]
    sources: usize,
}

/// Writes the page and says of how many products it tells.
pub(crate) fn run(args: ReportArgs, streams: &Streams) -> Result<(), Failure> {
    let options = ReportOptions {
        title: args.title,
        log: args.log,
        stretch: args.stretch,
        limits: args.limits,
        colours: args.colours,
        size: args.size,
        sources: args.sources,
    };
    let page = report(&args.inputs, &options)?;
    page.save(&args.output)?;
    let products = match page.products {
        1 => "1 product".to_owned(),
        products => format!("{products} products"),
    };
    announce(streams, &args.output, &products, &page.warnings)
}

fn html_name(text: &str) -> Result<PathBuf, String> {
    named(text, &["html", "htm"])
}
