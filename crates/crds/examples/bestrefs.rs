//! Answers for many exposures: lines `CONTEXT <tab> {"META.INSTRUMENT.NAME": ...}` in, lines of JSON out.
//!
//! `CRDS_PATH=/data/crds cargo run --release --example bestrefs -p crds < headers.txt`
//!
//! An error is a line `{"error": "..."}`.

use std::io::{BufRead, Write};

use crds::{Client, Config, Observatory, bestrefs::answer_line};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::from_env(Observatory::jwst())?;
    // Each line names its own context: the default one need not exist.
    config
        .context
        .get_or_insert_with(|| "jwst_0000.pmap".to_owned());
    let client = Client::open(config)?;
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let Some((context, header)) = line.split_once('\t') else {
            return Err("expected a context, a tab and a dictionary".into());
        };
        match answer_line(&client, Some(context), header, None) {
            Ok(answer) => writeln!(output, "{answer}")?,
            Err(error) => writeln!(
                output,
                "{}",
                serde_json::json!({ "error": error.to_string() })
            )?,
        }
    }
    output.flush()?;
    Ok(())
}
