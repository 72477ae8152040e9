//! How fast a large file is fetched, checked and on the disk, beside `curl` for the same bytes.
//!
//! A server on the loopback device holds one file in memory. In turn, `curl` fetches it and this program, started as a process of its
//! own with an empty cache, does: read, sum, write, bring to the disk, rename. `curl` leaves its file to the system; its rate with
//! the time that `fsync` then takes is the one that does as much. Printed are the rates of every pair, the medians, the rate of
//! the SHA-1 sum alone on one core, and the time that a plain copy of the bytes takes to reach the disk.
//!
//! `CRDS_BENCH_MB` is the size [MB] (256), `CRDS_BENCH_PAIRS` the number of pairs (7), `CRDS_BENCH_DIR` the directory to write in.
//! `curl` must be there.

#[path = "../tests/support/server.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is shared with the tests")]
mod server;

use std::{
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use crds::{Client, Config, Observatory};
use server::{CONTEXT, Content, Server, World, noise};

const FILE: &str = "tele_cam_dark_0001.fits";
const ROOT: &str = "CRDS_BENCH_CHILD_ROOT";
const URL: &str = "CRDS_BENCH_CHILD_URL";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn number(name: &str, default: usize) -> usize {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What the other process does.
fn child(root: &Path, url: &str) -> Outcome<()> {
    let mut config = Config::new(root, Observatory::new("tele", &["cam"]));
    config.server_url = Some(url.to_owned());
    config.context = Some(CONTEXT.to_owned());
    let fetched = Client::open(config)?.fetch_named(&[FILE.to_owned()], "cam")?;
    assert_eq!(fetched.files, 1);
    Ok(())
}

fn seconds(command: &mut Command) -> Outcome<f64> {
    let begun = Instant::now();
    let status = command.stdout(Stdio::null()).status()?;
    let seconds = begun.elapsed().as_secs_f64();
    if !status.success() {
        return Err(format!("{command:?}: {status}").into());
    }
    Ok(seconds)
}

struct Place {
    directory: PathBuf,
    server: Server,
    size: usize,
}

impl Place {
    /// Its rates without and with `fsync`.
    fn curl(&self) -> Outcome<[f64; 2]> {
        let target = self.directory.join("curl.fits");
        let url = format!("{}/get/{FILE}", self.server.url);
        let time = seconds(
            Command::new("curl")
                .args(["--silent", "--fail", "--noproxy", "*", "--output"])
                .arg(&target)
                .arg(url),
        )?;
        let begun = Instant::now();
        let file = fs::File::open(&target)?;
        file.sync_all()?;
        let synced = time + begun.elapsed().as_secs_f64();
        assert_eq!(file.metadata()?.len(), self.size as u64);
        fs::remove_file(target)?;
        Ok([time, synced].map(|seconds| self.rate(seconds)))
    }

    fn own(&self) -> Outcome<f64> {
        let root = self.directory.join("cache");
        let program = std::env::current_exe()?;
        let mut command = Command::new(program);
        let time = seconds(command.env(ROOT, &root).env(URL, &self.server.url))?;
        let path = root.join("references/tele/cam").join(FILE);
        assert!(fs::read(path)? == self.server.content(FILE));
        fs::remove_dir_all(root)?;
        Ok(self.rate(time))
    }

    fn rate(&self, seconds: f64) -> f64 {
        self.size as f64 / 1e6 / seconds
    }

    /// Rates of the sum alone, and of writing alone with and without `fsync`.
    fn parts(&self) -> Outcome<[f64; 3]> {
        let path = self.directory.join("plain.fits");
        let content = self.server.content(FILE);
        let mut file = fs::File::create(&path)?;
        let begun = Instant::now();
        file.write_all(&content)?;
        let written = begun.elapsed().as_secs_f64();
        file.sync_all()?;
        let synced = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        crds::sum_of_file(&path)?;
        let summed = begun.elapsed().as_secs_f64();
        fs::remove_file(path)?;
        Ok([summed, written, synced].map(|seconds| self.rate(seconds)))
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::print_stdout, reason = "this is a program")]
fn main() -> Outcome<()> {
    if let (Ok(root), Ok(url)) = (std::env::var(ROOT), std::env::var(URL)) {
        return child(Path::new(&root), &url);
    }
    let temporary = tempfile::tempdir()?;
    let directory = std::env::var_os("CRDS_BENCH_DIR").map(PathBuf::from);
    let size = number("CRDS_BENCH_MB", 256) * 1_000_000;
    let mut world = World::new(10);
    let content = Content::new(noise(7, size));
    world.files.insert(FILE.to_owned(), content);
    let place = Place {
        directory: directory.unwrap_or_else(|| temporary.path().to_owned()),
        server: Server::start(world),
        size,
    };
    let (mut curl, mut curl_synced, mut own) = (Vec::new(), Vec::new(), Vec::new());
    let (mut ratios, mut ratios_synced) = (Vec::new(), Vec::new());
    for pair in 0..number("CRDS_BENCH_PAIRS", 7) {
        // Who goes first changes, so that neither always follows the other's writes.
        let (theirs, ours) = if pair % 2 == 0 {
            let theirs = place.curl()?;
            (theirs, place.own()?)
        } else {
            let ours = place.own()?;
            (place.curl()?, ours)
        };
        let [plain, synced] = theirs;
        println!(
            "pair {pair}: curl {plain:.0} MB/s, with fsync {synced:.0} MB/s, crds {ours:.0} MB/s"
        );
        curl.push(plain);
        curl_synced.push(synced);
        own.push(ours);
        ratios.push(ours / plain);
        ratios_synced.push(ours / synced);
    }
    let [sum, written, synced] = place.parts()?;
    println!(
        "medians: curl {:.0} MB/s, with fsync {:.0} MB/s, crds {:.0} MB/s; ratio {:.2}, with fsync {:.2}",
        median(&mut curl),
        median(&mut curl_synced),
        median(&mut own),
        median(&mut ratios),
        median(&mut ratios_synced)
    );
    println!(
        "alone: SHA-1 {sum:.0} MB/s, writing {written:.0} MB/s, writing with fsync {synced:.0} MB/s"
    );
    Ok(())
}
