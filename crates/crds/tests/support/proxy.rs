//! A proxy that makes tunnels, as those of institutes do.

use std::{
    io::{BufRead, BufReader, Write, copy},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread::spawn,
};

/// The proxy; it ends with the process.
pub struct Proxy {
    pub url: String,
    /// The targets that it was asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// A proxy for which every name is that of the machine at `target`; without one, it refuses.
    pub fn start(target: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (list, target) = (Arc::clone(&asked), target.map(str::to_owned));
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let (list, target) = (Arc::clone(&list), target.clone());
                spawn(move || {
                    // A client that goes away is no failure of the proxy.
                    let _ = tunnel(stream, target.as_deref(), &list);
                });
            }
        });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic in the proxy").clone()
    }
}

fn tunnel(
    mut client: TcpStream,
    target: Option<&str>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let words: Vec<&str> = request.split_whitespace().collect();
    let name = words.get(1).copied().unwrap_or_default();
    let method = words.first().copied().unwrap_or_default();
    asked
        .lock()
        .expect("no panic in the proxy")
        .push(format!("{method} {name}"));
    let Some(target) = target else {
        return client.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    };
    let mut server = TcpStream::connect(target)?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut back, mut there) = (server.try_clone()?, client.try_clone()?);
    spawn(move || {
        let copied = copy(&mut back, &mut there);
        let _ = there.shutdown(Shutdown::Both);
        copied
    });
    copy(&mut reader, &mut server)?;
    server.shutdown(Shutdown::Both)
}
