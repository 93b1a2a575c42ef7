//! A log whose key the test holds, and a server that says of it whatever the test wants.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use annals_tlog::{
    Edge, Hash,
    checkpoint::Checkpoint,
    leaf_hash,
    note::{KeyType, Note, SignerKey},
    tile::{Bundle, Tile},
};

/// What the log is called.
pub(super) const ORIGIN: &str = "audit.example.com/acct_0123456789abcdef";

pub(super) fn key(name: &str, key_type: KeyType, seed: u8) -> SignerKey {
    SignerKey::new(name, key_type, &[seed; 32]).expect("a key")
}

/// The key of the log.
pub(super) fn log_key() -> SignerKey {
    key(ORIGIN, KeyType::Ed25519, 1)
}

/// Entries, and what is above them.
pub(super) struct Log {
    entries: Vec<String>,
    levels: Vec<Vec<Hash>>,
}

impl Log {
    /// A log of so many entries.
    pub(super) fn of(size: usize) -> Self {
        Self::with((0..size).map(|n| format!("{{\"entry\":{n}}}")).collect())
    }

    /// The same entries but one, and everything above them made anew.
    pub(super) fn altered(&self, index: usize) -> Self {
        let mut entries = self.entries.clone();
        "something else".clone_into(&mut entries[index]);
        Self::with(entries)
    }

    fn with(entries: Vec<String>) -> Self {
        let (mut edge, mut levels) = (Edge::new(), vec![Vec::new(); 4]);
        for entry in &entries {
            let leaf = leaf_hash(entry.as_bytes());
            levels[0].push(leaf);
            edge.push_tiled(leaf, |level, _, hash| levels[usize::from(level)].push(hash));
        }
        Self { entries, levels }
    }

    pub(super) fn checkpoint(&self, size: usize) -> Checkpoint {
        let mut edge = Edge::new();
        self.levels[0][..size].iter().for_each(|leaf| edge.push(*leaf));
        Checkpoint::new(ORIGIN, edge.size(), edge.root()).expect("a checkpoint")
    }

    /// The signed checkpoint of the first entries.
    pub(super) fn note(&self, size: usize) -> String {
        signed(&self.checkpoint(size).to_string(), &[&log_key()])
    }

    /// Every file that the log publishes when it has so many entries.
    pub(super) fn files(&self, size: usize) -> BTreeMap<String, Reply> {
        let mut files = BTreeMap::new();
        let tree = size as u64;
        for bundle in Bundle::added(0, tree) {
            let entries = &self.entries[range(bundle.tile())];
            files.insert(bundle.to_string(), Reply::Bytes(bundle.encode(entries).expect("a bundle")));
        }
        for level in 0..Tile::levels(tree) {
            for tile in Tile::added(level, 0, tree) {
                let hashes = &self.levels[usize::from(level)][range(tile)];
                let bytes = hashes.iter().flat_map(Hash::as_bytes).copied().collect();
                files.insert(tile.to_string(), Reply::Bytes(bytes));
            }
        }
        files.insert("checkpoint".to_owned(), Reply::Bytes(self.note(size).into_bytes()));
        files
    }
}

fn range(tile: Tile) -> std::ops::Range<usize> {
    let positions = tile.positions();
    usize::try_from(positions.start).expect("small")..usize::try_from(positions.end).expect("small")
}

/// A note with this text, signed or cosigned at second 1,000 by these keys.
pub(super) fn signed(text: &str, keys: &[&SignerKey]) -> String {
    let mut note = Note::new(text).expect("a text");
    for key in keys {
        match key.verifier().key_type() {
            KeyType::Ed25519 => note.sign(key),
            _ => note.cosign(key, 1_000),
        }
        .expect("a signature");
    }
    note.to_string()
}

/// What a path is answered with.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    Bytes(Vec<u8>),
    /// A status, and headers with what ends each of them.
    Status(u16, &'static str),
    /// A success whose body never ends.
    Endless,
    /// A success whose body comes a byte at a time.
    Trickle,
}

/// A server of files, each over a connection of its own.
#[derive(Clone)]
pub(super) struct Server {
    address: SocketAddr,
    files: Arc<Mutex<BTreeMap<String, Reply>>>,
    asked: Arc<Mutex<Vec<String>>>,
    pub(super) sent: Arc<AtomicU64>,
}

impl Server {
    pub(super) fn start(files: BTreeMap<String, Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let server =
            Self { address, files: Arc::new(Mutex::new(files)), asked: Arc::default(), sent: Arc::default() };
        let this = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let this = this.clone();
                // Whoever hangs up has had enough.
                thread::spawn(move || drop(this.answer(stream)));
            }
        });
        server
    }

    /// Where the log is.
    pub(super) fn url(&self) -> String {
        format!("http://{}/log", self.address)
    }

    /// Serves other files from now on.
    pub(super) fn serve(&self, files: BTreeMap<String, Reply>) {
        *self.files.lock().expect("sound") = files;
    }

    /// The paths that were asked for since the last time.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("sound"))
    }

    #[expect(clippy::disallowed_methods, reason = "a thread that serves one connection")]
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        let path = request.split(' ').nth(1).and_then(|path| path.strip_prefix("/log/")).unwrap_or_default();
        for line in lines {
            if line?.is_empty() {
                break;
            }
        }
        self.asked.lock().expect("sound").push(path.to_owned());
        let reply = self.files.lock().expect("sound").get(path).cloned();
        match reply.unwrap_or(Reply::Status(404, "")) {
            Reply::Bytes(bytes) => {
                let length = bytes.len();
                write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n")?;
                stream.write_all(&bytes)
            }
            Reply::Status(status, headers) => {
                write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: 0\r\n{headers}\r\n"
                )
            }
            Reply::Endless => {
                write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
                loop {
                    stream.write_all(&[b'x'; 16 * 1024])?;
                    self.sent.fetch_add(16 * 1024, Ordering::Relaxed);
                }
            }
            Reply::Trickle => {
                write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
                loop {
                    stream.write_all(b"x")?;
                    thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }
}
