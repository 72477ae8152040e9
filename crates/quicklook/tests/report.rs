//! The page of a run: its structure, its safety, and how a browser shows it.

mod common;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::{HOSTILE, run_in};
use insta::assert_snapshot;
use quicklook::{PictureSize, Report, ReportOptions, report};

fn page_of(folder: &Path) -> Report {
    let options = ReportOptions {
        log: Some(folder.join("run.jsonl")),
        size: PictureSize::new(128).unwrap(),
        ..ReportOptions::default()
    };
    report(&[folder.to_path_buf()], &options).unwrap()
}

/// The page without style and drawings, an element a line.
fn skeleton(html: &str) -> String {
    let mut text = without(html, "<style>", "</style>");
    text = without(&text, "<svg", "</svg>");
    // Products bear the time at which they were saved.
    text = without(&text, "Products made (UTC)", "</td>");
    for end in [
        "</tr>",
        "</thead>",
        "</h1>",
        "</h2>",
        "</h3>",
        "</p>",
        "</li>",
        "</caption>",
        "</figure>",
        "</head>",
    ] {
        text = text.replace(end, &format!("{end}\n"));
    }
    text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

fn without(text: &str, start: &str, end: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(start) {
        kept += before;
        kept += "…";
        rest = after.split_once(end).expect("elements end").1;
    }
    kept + rest
}

#[test]
fn the_page_tells_what_each_step_did() {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path());
    let page = page_of(folder.path());
    assert_eq!((page.products, page.warnings.len()), (7, 0));
    assert_snapshot!(skeleton(&page.html));
}

#[test]
fn texts_of_files_are_escaped_and_nothing_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path());
    let html = page_of(folder.path()).html;
    assert!(!html.contains(HOSTILE) && !html.contains("<script") && !html.contains("<img"));
    assert!(html.contains("&lt;script&gt;document.title"));
    assert!(html.contains("no &lt;trap&gt; data &amp; none wanted"));
    let outside = ["http://", "https://", "//", "url(", "@import"];
    // The name space of SVG is a name, not an address.
    let rest = html.replace("http://www.w3.org/2000/svg", "");
    let rest = without(&rest, "data:image/png;base64,", "\"");
    for address in outside.into_iter().filter(|address| *address != "//") {
        assert!(!rest.contains(address), "{address}");
    }
    assert!(html.contains("default-src 'none'; img-src data:; style-src 'unsafe-inline'"));
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let error = |inputs: &[PathBuf]| {
        report(inputs, &ReportOptions::default())
            .unwrap_err()
            .to_string()
    };
    let here = folder.path().to_path_buf();
    assert_eq!(
        error(std::slice::from_ref(&here)),
        format!("no products (*.fits, *_cat.ecsv) in {}", here.display())
    );
    let damaged = here.join("x<b>_rate.fits");
    fs::write(&damaged, "SIMPLE  = no").unwrap();
    assert!(error(std::slice::from_ref(&damaged)).contains("not a readable FITS file"));
    // In a folder it is one file of many.
    run_in(&here);
    let page = report(&[here], &ReportOptions::default()).unwrap();
    assert_eq!((page.products, page.warnings.len()), (7, 1));
    assert!(
        page.html
            .contains("x&lt;b&gt;_rate.fits: not a readable FITS file")
    );
    let log = ReportOptions {
        log: Some(damaged),
        ..ReportOptions::default()
    };
    let error = report(&[folder.path().to_path_buf()], &log)
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("line 1: expected a JSON object, found SIMPLE  = no"),
        "{error}"
    );
}

/// Chromium: the program that the environment names, or one that is found.
fn chromium() -> Option<OsString> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named);
    }
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path);
    let places = folders.flat_map(|folder| {
        ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
    });
    places
        .into_iter()
        .find(|place| place.is_file())
        .map(PathBuf::into_os_string)
}

fn browse(program: &OsString, profile: &Path, options: &[&str], page: &Path) -> Output {
    let output = Command::new(program)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args([
            "--hide-scrollbars",
            "--window-size=1200,2400",
            "--enable-logging=stderr",
            "--v=0",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(options)
        .arg(format!("file://{}", page.display()))
        .output();
    output.expect("the browser starts")
}

/// The colour of the first pixel of a PNG file, and the number of different colours.
fn colours(path: &Path) -> ([u8; 3], usize) {
    let file = std::io::BufReader::new(fs::File::open(path).expect("a screenshot"));
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let samples = info.color_type.samples();
    let mut all: Vec<[u8; 3]> = bytes[..info.buffer_size()]
        .chunks_exact(samples)
        .map(|p| [p[0], p[1], p[2]])
        .collect();
    let first = all[0];
    all.sort_unstable();
    all.dedup();
    (first, all.len())
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "who runs the tests should know that this one could not"
)]
fn a_browser_shows_the_page_in_light_and_dark() {
    let Some(program) = chromium() else {
        eprintln!("not tested: no Chromium on PATH, and CHROMIUM is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path());
    let page = folder.path().join("report.html");
    page_of(folder.path()).save(&page).unwrap();
    let profile = folder.path().join("profile");

    let output = browse(&program, &profile, &["--dump-dom"], &page);
    let log = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    let dom = String::from_utf8_lossy(&output.stdout);
    for text in [
        "<h1>Run of jw01-o001_t001_nircam</h1>",
        "+1 JUMP_DET",
        "+1 OUTLIER",
        "DN/s became MJy/sr",
        "2 sources of the catalogue",
        "no &lt;trap&gt; data &amp; none wanted",
        "<td class=\"n\">+25.0</td>",
    ] {
        assert!(dom.contains(text), "{text} is not in the page");
    }
    assert!(!dom.contains("<title>owned"));

    for (option, paper) in [
        ("--disable-gpu", [0xff; 3]),
        ("--force-dark-mode", [0x14, 0x17, 0x1b]),
    ] {
        let shot = folder.path().join(format!("shot{option}.png"));
        browse(
            &program,
            &profile,
            &[option, &format!("--screenshot={}", shot.display())],
            &page,
        );
        let (first, different) = colours(&shot);
        assert_eq!(first, paper, "{option}");
        assert!(
            different > 100,
            "{option}: pictures have many colours, found {different}"
        );
        if let Some(keep) = std::env::var_os("KEEP_SCREENSHOTS") {
            fs::copy(&shot, Path::new(&keep).join(shot.file_name().unwrap())).unwrap();
        }
    }
}
