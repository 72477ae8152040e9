//! Fetches files into a cache: names of mappings and references in, their paths out.
//!
//! `CRDS_PATH=/data/crds CRDS_SERVER_URL=https://jwst-crds.stsci.edu cargo run --release --example fetch -p crds NAME...`

use std::time::Instant;

use crds::{Client, Config, Observatory};

#[expect(clippy::print_stdout, reason = "this is a program")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let client = Client::open(Config::from_env(Observatory::jwst())?)?;
    let begun = Instant::now();
    let fetched = client.fetch_named(&names, "")?;
    let seconds = begun.elapsed().as_secs_f64();
    for name in &names {
        if let Some(path) = client.store().find(name, "") {
            println!("{}", path.display());
        }
    }
    println!(
        "{} files, {} bytes, {:.0} MB/s",
        fetched.files,
        fetched.bytes,
        fetched.bytes as f64 / 1e6 / seconds
    );
    Ok(())
}
