//! What became of all files, as a table.

use super::job::Outcome;
use crate::crds::bytes;

/// Letters of a reason, at most: the whole of it was said when the file failed.
const LONGEST_REASON: usize = 80;

fn short(reason: &str) -> String {
    if reason.chars().count() <= LONGEST_REASON {
        return reason.to_owned();
    }
    let begun: String = reason.chars().take(LONGEST_REASON - 4).collect();
    format!("{} ...", begun.trim_end())
}

pub(super) fn of(rows: &[(&String, &Option<Outcome>)]) -> String {
    let width = rows
        .iter()
        .map(|(input, _)| input.chars().count())
        .max()
        .unwrap_or(0);
    let width = width.clamp(5, 60);
    let mut text = format!(
        "\n{:width$}  {:10}  {:>9}  {:>9}  products\n",
        "input", "outcome", "time", "memory"
    );
    let (mut done, mut current, mut failed) = (0, 0, 0);
    for (input, outcome) in rows {
        let (word, time, memory, detail) = match outcome {
            Some(Outcome::Done {
                products,
                elapsed,
                peak_memory_bytes,
            }) => {
                done += 1;
                let time = format!("{:.2} s", elapsed.as_secs_f64());
                (
                    "done",
                    time,
                    peak_memory_bytes.map_or(String::new(), bytes),
                    products.len().to_string(),
                )
            }
            Some(Outcome::UpToDate { products }) => {
                current += 1;
                (
                    "up to date",
                    String::new(),
                    String::new(),
                    products.len().to_string(),
                )
            }
            Some(Outcome::Failed { reason, elapsed }) => {
                failed += 1;
                let time = format!("{:.2} s", elapsed.as_secs_f64());
                ("failed", time, String::new(), short(reason))
            }
            None => {
                failed += 1;
                ("not run", String::new(), String::new(), String::new())
            }
        };
        let row = format!("{input:width$}  {word:10}  {time:>9}  {memory:>9}  {detail}");
        text += row.trim_end();
        text.push('\n');
    }
    text + &format!("{done} done, {current} up to date, {failed} failed\n")
}
