//! A server that speaks the protocol, and that can be told to fail.

use std::{
    borrow::Cow,
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread::{sleep, spawn},
    time::Duration,
};

use crds::{Config, Observatory};
use serde_json::{Value as Json, json};
use sha1::{Digest, Sha1};

/// What goes wrong with one answer.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status.
    Status(u16),
    /// The connection ends after so many bytes of the file.
    Cut(usize),
    /// One byte is another.
    Corrupt,
    /// More bytes than stated, without a length.
    TooLong,
    /// Fewer bytes, with a length that fits them.
    TooShort,
    /// Nothing comes any more after so many bytes.
    Hang(usize),
    /// The beginning of the file whatever range is asked for.
    IgnoresRanges,
    /// Another part than the one asked for.
    WrongRange,
    /// This text in place of the reply.
    Reply(String),
}

/// A file of the server.
#[derive(Debug)]
pub struct Content {
    pub octets: Vec<u8>,
    sum: String,
}

impl Content {
    pub fn new(octets: Vec<u8>) -> Arc<Self> {
        let sum = sum(&octets);
        Arc::new(Self { octets, sum })
    }
}

#[derive(Default)]
pub struct World {
    /// The mission.
    pub observatory: String,
    /// The default context.
    pub context: String,
    pub files: HashMap<String, Arc<Content>>,
    /// For each file or method: what goes wrong with the next answers, in order.
    pub faults: HashMap<String, Vec<Fault>>,
    /// How often each file or method was asked for.
    pub asked: HashMap<String, usize>,
    /// Bytes of files sent.
    pub sent: u64,
    /// Results of calls that replace the server's own.
    pub results: HashMap<String, Json>,
    /// Pause after every 64 KiB of a file.
    pub pause: Duration,
    /// `get_server_info` does not list the files.
    pub without_catalog: bool,
}

/// The server; it ends with the process.
pub struct Server {
    pub url: String,
    pub world: Arc<Mutex<World>>,
}

pub const CONTEXT: &str = "tele_0001.pmap";

/// The pipeline mapping, without its sum.
pub const PIPELINE: &str = "\
header = {
    'derived_from' : 'nothing',
    'mapping' : 'PIPELINE',
    'name' : 'tele_0001.pmap',
    'observatory' : 'TELE',
    'parkey' : ('META.INSTRUMENT.NAME',),
    'sha1sum' : '@',
}

selector = {
    'CAM' : 'tele_cam_0001.imap',
}
";

/// Gives a mapping its own sum.
pub fn summed(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.contains("sha1sum"));
    let rest: String = lines.flat_map(|line| [line, "\n"]).collect();
    text.replace('@', &sum(rest.as_bytes()))
}

pub fn sum(octets: &[u8]) -> String {
    let digits =
        |octet: &u8| [octet >> 4, octet & 15].map(|half| char::from_digit(half.into(), 16));
    Sha1::digest(octets)
        .iter()
        .flat_map(digits)
        .flatten()
        .collect()
}

/// Bytes that look random and are always the same.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut octets = Vec::with_capacity(length + 8);
    while octets.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        octets.extend(state.to_le_bytes());
    }
    octets.truncate(length);
    octets
}

/// The kinds of reference of the little observatory.
pub const KINDS: [&str; 4] = ["dark", "flat", "gain", "mask"];

pub fn reference_of(kind: &str) -> String {
    format!("tele_cam_{kind}_0001.fits")
}

impl World {
    /// An observatory with one instrument and a reference of `size` bytes for each kind.
    pub fn new(size: usize) -> Self {
        let mut files = HashMap::new();
        let mut types = String::new();
        for (seed, kind) in KINDS.iter().enumerate() {
            let upper = kind.to_uppercase();
            let line = format!("    '{upper}' : 'tele_cam_{kind}_0001.rmap',\n");
            types += &line;
            let rules = format!(
                "header = {{\n    'derived_from' : 'nothing',\n    'filekind' : '{upper}',\n    'instrument' : 'CAM',\n    'mapping' : 'REFERENCE',\n    \
                 'name' : 'tele_cam_{kind}_0001.rmap',\n    'observatory' : 'TELE',\n    'parkey' : (('META.DETECTOR',), ('META.DATE', 'META.TIME')),\n    \
                 'sha1sum' : '@',\n}}\n\nselector = Match({{\n    'A' : UseAfter({{\n        '2020-01-01 00:00:00' : '{}',\n    }}),\n}})\n",
                reference_of(kind)
            );
            files.insert(
                format!("tele_cam_{kind}_0001.rmap"),
                Content::new(summed(&rules).into_bytes()),
            );
            let noise = Content::new(noise(seed as u64 + 1, size));
            files.insert(reference_of(kind), noise);
        }
        let instrument = format!(
            "header = {{\n    'derived_from' : 'nothing',\n    'instrument' : 'CAM',\n    'mapping' : 'INSTRUMENT',\n    'name' : 'tele_cam_0001.imap',\n    \
             'observatory' : 'TELE',\n    'parkey' : ('REFTYPE',),\n    'sha1sum' : '@',\n}}\n\nselector = {{\n{types}}}\n"
        );
        files.insert(
            "tele_cam_0001.imap".into(),
            Content::new(summed(&instrument).into_bytes()),
        );
        files.insert(CONTEXT.into(), Content::new(summed(PIPELINE).into_bytes()));
        Self::of_files("tele", CONTEXT, files)
    }

    /// An observatory with these files.
    pub fn of_files(
        observatory: &str,
        context: &str,
        files: HashMap<String, Arc<Content>>,
    ) -> Self {
        Self {
            observatory: observatory.to_owned(),
            context: context.to_owned(),
            files,
            ..Self::default()
        }
    }

    pub fn mappings(&self) -> Vec<String> {
        let names = self.files.keys().filter(|name| name.ends_with("map"));
        let mut names: Vec<String> = names.cloned().collect();
        names.sort();
        names
    }

    fn infos(&self) -> Json {
        let info = |(name, content): (&String, &Arc<Content>)| {
            let size = content.octets.len().to_string();
            let info = json!({"size": size, "sha1sum": content.sum});
            (name.clone(), info)
        };
        Json::Object(self.files.iter().map(info).collect())
    }

    fn result(&self, url: &str, method: &str, params: &[Json]) -> Result<Json, String> {
        if let Some(result) = self.results.get(method) {
            return Ok(result.clone());
        }
        Ok(match method {
            "get_server_info" => {
                let mut info = json!({
                    "observatory": self.observatory, "latest_context": self.context, "edit_context": self.context,
                    "operational_context": self.context,
                    "bad_files_list": [], "last_synced": "2026-01-01 00:00:00", "crds_version": {"str": "14.0.0"},
                    "force_remote_mode": false,
                    "mapping_url": {"checked": {&self.observatory: "http://nowhere.invalid/"}, "unchecked": {&self.observatory: format!("{url}/get/")}},
                    "reference_url": {"unchecked": {&self.observatory: format!("{url}/get/")}},
                });
                if !self.without_catalog {
                    info["download_metadata"] = encode(&self.infos());
                }
                info
            }
            "get_mapping_names" => encode(&json!(self.mappings())),
            "get_file_info_map" => self.infos(),
            "get_build_context" if params.get(1) == Some(&json!("1.2.3")) => {
                self.context.clone().into()
            }
            "get_context_by_date" => self.context.clone().into(),
            "get_best_references" => json!({"dark": reference_of("dark"), "flat": "NOT FOUND n/a"}),
            _ => {
                return Err(format!(
                    "no such call: &#39;{method}&#39; &lt;{params:?}&gt;"
                ));
            }
        })
    }
}

fn pack(octets: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(octets).expect("memory");
    packer.finish().expect("memory")
}

/// A value as the reference server packs it.
pub fn encode(value: &Json) -> Json {
    let packed = pack(value.to_string().as_bytes());
    let alphabet: Vec<char> = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(['+', '/'])
        .collect();
    let mut text = String::new();
    for group in packed.chunks(3) {
        let mut octets = [0_u8; 4];
        octets[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(octets);
        for place in 0..4 {
            text.push(if place <= group.len() {
                alphabet[(bits >> (18 - 6 * place) & 63) as usize]
            } else {
                '='
            });
        }
    }
    json!({"crds_encoded": "1.0", "crds_payload": text})
}

impl Server {
    pub fn start(world: World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let world = Arc::new(Mutex::new(world));
        let (shared, base) = (Arc::clone(&world), url.clone());
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let (world, base) = (Arc::clone(&shared), base.clone());
                spawn(move || {
                    // A client that goes away is no failure of the server.
                    let _ = serve(&stream, &world, &base);
                });
            }
        });
        Self { url, world }
    }

    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.world.lock().expect("no panic in the server"))
    }

    pub fn fail(&self, what: &str, faults: &[Fault]) {
        self.with(|world| world.faults.insert(what.into(), faults.to_vec()));
    }

    pub fn asked(&self, what: &str) -> usize {
        self.with(|world| world.asked.get(what).copied().unwrap_or(0))
    }

    pub fn content(&self, name: &str) -> Vec<u8> {
        self.with(|world| world.files[name].octets.clone())
    }

    /// Settings of a client of this server with a cache below `root`; failures are met at once.
    pub fn config(&self, root: &Path) -> Config {
        config(root, &self.url)
    }
}

pub fn config(root: &Path, url: &str) -> Config {
    let mut config = Config::new(root, Observatory::new("tele", &["cam"]));
    config.server_url = Some(url.to_owned());
    config.network.delay = Duration::from_millis(5);
    config.network.connect_timeout = Duration::from_secs(5);
    config.network.call_timeout = Duration::from_secs(5);
    config.network.idle_timeout = Duration::from_millis(1500);
    config.network.lock_patience = Duration::from_secs(30);
    config
}

fn serve(stream: &TcpStream, world: &Mutex<World>, base: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
        let (mut length, mut offset, mut zipped) = (0, 0, false);
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header)? == 0 {
                return Ok(());
            }
            let header = header.trim().to_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if let Some(value) = header.strip_prefix("accept-encoding:") {
                zipped = value.contains("gzip");
            }
            if let Some(value) = header.strip_prefix("range: bytes=") {
                offset = value.trim_end_matches('-').parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        if path.starts_with("/json/") {
            call(stream, world, base, &body, zipped)?;
        } else if let Some(target) = path.strip_prefix("/redirect/") {
            let head = format!(
                "HTTP/1.1 302 Found\r\nLocation: {base}/{target}\r\nContent-Length: 0\r\n\r\n"
            );
            (&mut &*stream).write_all(head.as_bytes())?;
        } else {
            let name = path.rsplit('/').next().unwrap_or("").replace("%20", " ");
            file(stream, world, &name, offset)?;
        }
    }
}

fn take_fault(world: &mut World, what: &str) -> Option<Fault> {
    *world.asked.entry(what.to_owned()).or_default() += 1;
    let faults = world.faults.get_mut(what)?;
    (!faults.is_empty()).then(|| faults.remove(0))
}

fn answer(mut stream: &TcpStream, status: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

fn call(
    mut stream: &TcpStream,
    world: &Mutex<World>,
    base: &str,
    body: &[u8],
    zipped: bool,
) -> std::io::Result<()> {
    let request: Json = serde_json::from_slice(body).unwrap_or_default();
    let method = request["method"].as_str().unwrap_or("").to_owned();
    let params = request["params"].as_array().cloned().unwrap_or_default();
    let (fault, result) = {
        let mut world = world.lock().expect("no panic in the server");
        let fault = take_fault(&mut world, &method);
        (fault, world.result(base, &method, &params))
    };
    match fault {
        Some(Fault::Status(status)) => {
            return answer(stream, &format!("{status} Fault"), b"<html>");
        }
        Some(Fault::Reply(text)) => return answer(stream, "200 OK", text.as_bytes()),
        Some(Fault::Hang(_)) => sleep(Duration::from_mins(10)),
        _ => {}
    }
    let reply = match result {
        Ok(result) => json!({"result": result, "error": null, "id": request["id"]}),
        Err(message) => json!({"result": null, "error": {"message": message}, "id": request["id"]}),
    };
    let reply = reply.to_string();
    if !zipped {
        return answer(stream, "200 OK", reply.as_bytes());
    }
    let reply = pack(reply.as_bytes());
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        reply.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&reply)
}

fn file(
    mut stream: &TcpStream,
    world: &Mutex<World>,
    name: &str,
    offset: usize,
) -> std::io::Result<()> {
    let (fault, content, pause) = {
        let mut world = world.lock().expect("no panic in the server");
        let fault = take_fault(&mut world, name);
        (fault, world.files.get(name).cloned(), world.pause)
    };
    let Some(content) = content else {
        return answer(stream, "404 Not Found", b"");
    };
    let mut content = Cow::from(&content.octets);
    let total = content.len();
    let (mut offset, mut close) = (offset, false);
    let mut stop = usize::MAX;
    match fault {
        Some(Fault::Status(status)) => {
            return answer(stream, &format!("{status} Fault"), b"<html>");
        }
        Some(Fault::Cut(count)) => (stop, close) = (count, true),
        Some(Fault::Hang(count)) => stop = count,
        Some(Fault::Corrupt) => content.to_mut()[total / 2] ^= 1,
        Some(Fault::TooLong) => {
            content.to_mut().extend(vec![7; 200_000]);
            close = true;
        }
        Some(Fault::TooShort) => content.to_mut().truncate(total - 10),
        Some(Fault::IgnoresRanges) => offset = 0,
        _ => {}
    }
    let first = if matches!(fault, Some(Fault::WrongRange)) {
        offset + 7
    } else {
        offset
    };
    let head = if offset > 0 {
        format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {first}-{}/{total}\r\n",
            total - 1
        )
    } else {
        "HTTP/1.1 200 OK\r\n".to_owned()
    };
    let part = &content[offset.min(content.len())..];
    let length = if matches!(fault, Some(Fault::TooLong)) {
        "Connection: close\r\n".to_owned()
    } else {
        format!("Content-Length: {}\r\n", part.len())
    };
    stream.write_all(format!("{head}{length}\r\n").as_bytes())?;
    let mut done = 0;
    for piece in part[..stop.min(part.len())].chunks(64 << 10) {
        stream.write_all(piece)?;
        done += piece.len();
        if !pause.is_zero() {
            sleep(pause);
        }
    }
    world.lock().expect("no panic in the server").sent += done as u64;
    if close {
        stream.shutdown(std::net::Shutdown::Both)?;
    } else if stop < part.len() {
        sleep(Duration::from_mins(10));
    }
    Ok(())
}
