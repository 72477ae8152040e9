//! Reports on products: `cargo run --example report -- OUT.html FOLDER_OR_FILE...`.

use std::error::Error;
use std::path::{Path, PathBuf};

use quicklook::{ReportOptions, report};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let out = args.next().ok_or("expected the name of an HTML file")?;
    let inputs: Vec<PathBuf> = args.collect();
    let page = report(&inputs, &ReportOptions::default())?;
    page.save(Path::new(&out))?;
    Ok(())
}
