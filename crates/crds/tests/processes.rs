//! Many processes on one cache, and processes that are killed. This program runs itself.
#![cfg(feature = "remote")]

mod support;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crds::{Client, Reference};
use support::{
    exposure, hidden,
    server::{self, KINDS, Server, World, noise, reference_of},
    whole,
};

const CACHE: &str = "CRDS_TEST_CACHE";
const URL: &str = "CRDS_TEST_URL";

/// What another process does: asks for all references. Does nothing when it is run as a test.
#[test]
fn child() {
    let (Ok(root), Ok(url)) = (std::env::var(CACHE), std::env::var(URL)) else {
        return;
    };
    let config = server::config(Path::new(&root), &url);
    let client = Client::open(config).expect("a client");
    let references = client.references(&exposure(), &KINDS).expect("references");
    for (seed, kind) in KINDS.iter().enumerate() {
        let Reference::Path(path) = &references[*kind] else {
            panic!("no file for {kind}");
        };
        let content = fs::read(path).expect("a file");
        assert!(
            content == noise(seed as u64 + 1, content.len()),
            "{kind} is not the server's file"
        );
    }
}

fn start(root: &Path, url: &str) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["child", "--exact"])
        .env(CACHE, root)
        .env(URL, url)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("a process")
}

#[test]
fn sixteen_processes_fetch_each_file_once() {
    let mut world = World::new(1_500_000);
    // 24 pieces a file: slower than the time for which the reference client waits would be too slow for a test.
    world.pause = Duration::from_millis(60);
    let server = Server::start(world);
    let root = tempfile::tempdir().expect("a directory");
    let children: Vec<Child> = (0..16).map(|_| start(root.path(), &server.url)).collect();
    for mut child in children {
        assert!(child.wait().expect("a process").success());
    }
    let names = server.with(|world| world.files.keys().cloned().collect::<Vec<_>>());
    for name in names {
        assert_eq!(server.asked(&name), 1, "{name}");
    }
    assert_eq!(whole(&server, root.path()), 10);
    assert_eq!(hidden(root.path(), "."), Vec::<String>::new());
}

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// `CRDS_TEST_KILLS` says how many processes are killed, 12 by default; `CRDS_TEST_SEED` when, and how large the files are.
#[test]
fn killed_processes_leave_nothing_wrong() {
    let (kills, seed) = (number("CRDS_TEST_KILLS", 12), number("CRDS_TEST_SEED", 0));
    let mut world = World::new(1_500_000 + (seed as usize * 777_777) % 5_000_000);
    world.pause = Duration::from_millis(2);
    let server = Server::start(world);
    let root = tempfile::tempdir().expect("a directory");
    for kill in 0..kills {
        if kill % 4 == 0 {
            // Cold, then with what the killed ones have left.
            let _ = fs::remove_dir_all(root.path().join("references"));
            let _ = fs::remove_dir_all(root.path().join("mappings"));
        }
        let mut child = start(root.path(), &server.url);
        let pause = noise(kill + 1000 * seed, 1)[0];
        sleep(Duration::from_millis(u64::from(pause) * 120 / 255));
        child.kill().expect("a process to kill");
        child.wait().expect("a process");
        whole(&server, root.path());
        if kill % 4 == 3 {
            let begun = Instant::now();
            assert!(
                start(root.path(), &server.url)
                    .wait()
                    .expect("a process")
                    .success()
            );
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "a dead process's lock is no obstacle"
            );
            assert_eq!(whole(&server, root.path()), 10);
            // A lock may stay of a process that was killed after it had given a file its name.
            assert_eq!(hidden(root.path(), ".tmp_"), Vec::<String>::new());
        }
    }
    assert!(
        KINDS
            .iter()
            .all(|kind| server.asked(&reference_of(kind)) > 0)
    );
}

/// A small disk in memory; `None` where mounting is not allowed.
#[cfg(target_os = "linux")]
fn small_disk(place: &Path, bytes: u64) -> Option<()> {
    let size = format!("size={bytes}");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
        .arg(place)
        .stderr(Stdio::null())
        .status();
    mounted.is_ok_and(|status| status.success()).then_some(())
}

/// `CRDS_TEST_DISKS` says how many disks become full, 3 by default.
#[test]
#[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
#[cfg(target_os = "linux")]
fn full_disks_leave_nothing_wrong() {
    let disks = std::env::var("CRDS_TEST_DISKS").ok();
    let disks: u64 = disks.and_then(|text| text.parse().ok()).unwrap_or(3);
    let size = 400_000;
    let server = Server::start(World::new(size));
    for disk in 0..disks {
        let root = tempfile::tempdir().expect("a directory");
        let part = u64::from(noise(disk, 1)[0]);
        let bytes = 16_384 + part * (KINDS.len() * size) as u64 / 256;
        if small_disk(root.path(), bytes).is_none() {
            eprintln!("skipped: no right to mount a small disk");
            return;
        }
        let status = start(root.path(), &server.url).wait();
        let complete = whole(&server, root.path());
        let unmounted = Command::new("umount").arg("-l").arg(root.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
        assert!(
            !status.expect("a process").success(),
            "{bytes} bytes are too few"
        );
        assert!(complete < 10, "{bytes} bytes are too few for all");
    }
}
