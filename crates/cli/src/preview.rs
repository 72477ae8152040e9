//! `jwst preview`: a picture of a product.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use quicklook::{
    ColourMap, CountFrom, Limits, PictureSize, PixelPosition, PreviewOptions, QualityBits, Stretch,
    Theme, preview,
};

use crate::output::{announce, named};
use crate::{Failure, Streams};

/// Arguments.
#[derive(Debug, Args)]
pub(crate) struct PreviewArgs {
    /// A product: any FITS file with an image in SCI
    file: PathBuf,
    /// The picture to write, a PNG file
    #[arg(short, long, value_name = "FILE.png", value_parser = png_name)]
    output: PathBuf,
    /// Draw another HDU, such as ERR or WHT [default: SCI]
    #[arg(long, value_name = "NAME")]
    hdu: Option<String>,
    /// The integration, counted from 1 [default: 1]
    #[arg(long, value_name = "N")]
    integration: Option<NonZeroUsize>,
    /// The group of a ramp, counted from 1 [default: the last less the first]
    #[arg(long, value_name = "N")]
    group: Option<NonZeroUsize>,
    /// How values are spread over the colours: linear, asinh, sqrt or log
    #[arg(long, default_value = "asinh")]
    stretch: Stretch,
    /// Values of the first and last colour: minmax, zscale, percentiles such as 1,99.7% or values such as -1,20
    #[arg(long, default_value = "1,99.7%", allow_hyphen_values = true)]
    limits: Limits,
    /// grey, viridis, grey-inverted or viridis-inverted [default: viridis, grey under quality marks]
    #[arg(long, alias = "colors", value_name = "MAP")]
    colours: Option<ColourMap>,
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "BITS",
        help = "Mark pixels with these quality bits, such as SATURATED,JUMP_DET; at most eight"
    )]
    dq: Vec<String>,
    /// Circle the sources of a catalogue (ECSV)
    #[arg(long, value_name = "FILE.ecsv")]
    catalog: Option<PathBuf>,
    /// Draw the ramp of this pixel instead of an image
    #[arg(long, value_name = "X,Y")]
    pixel: Option<PixelPosition>,
    /// Draw the slope of this product of count rates over the ramp
    #[arg(long, value_name = "FILE", requires = "pixel")]
    rate: Option<PathBuf>,
    /// Number of the first pixel, on the axes and in --pixel: 0 or 1
    #[arg(long, default_value = "0", value_name = "N")]
    count_from: CountFrom,
    /// light or dark
    #[arg(long, default_value = "light")]
    theme: Theme,
    /// Length of the image's longer side, 64 to 8192 pixels
    #[arg(long, default_value = "1024", value_name = "PIXELS")]
    size: PictureSize,
}

/// Draws the picture and says what can be seen on it.
pub(crate) fn run(args: PreviewArgs, streams: &Streams) -> Result<(), Failure> {
    let quality = QualityBits::named(args.dq.iter().map(String::as_str))
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let options = PreviewOptions {
        hdu: args.hdu,
        integration: args.integration,
        group: args.group,
        stretch: args.stretch,
        limits: args.limits,
        colours: args.colours,
        quality,
        catalog: args.catalog,
        pixel: args.pixel,
        rate: args.rate,
        count_from: args.count_from,
        theme: args.theme,
        size: args.size,
    };
    let picture = preview(&args.file, &options)?;
    picture.save(&args.output)?;
    announce(streams, &args.output, &picture.description, &picture.notes)
}

fn png_name(text: &str) -> Result<PathBuf, String> {
    named(text, &["png"])
}
