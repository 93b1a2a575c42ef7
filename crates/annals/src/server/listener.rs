//! The listener: accepts a connection when there is a place for it.

use std::{
    fmt,
    fs::{self, File, TryLockError},
    io,
    net::SocketAddr,
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
        net::UnixStream,
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use axum_server::{AddrListener, Address};
use tokio::{
    net::{TcpListener, TcpSocket, UnixListener},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::either::Either;

use super::{patience::Patience, stream::Stream};
use crate::{durable, limits};

/// Connections that the kernel completes and keeps until they are accepted: enough for every client to come back at
/// once after a restart, as one that finds no room waits a second before it tries again. The system may allow fewer.
const WAITING_MAX: u32 = 4_096;

/// Who may connect through a Unix socket: everybody who can reach its file, as with a port of this machine.
const SOCKET_MODE: u32 = 0o666;

/// How long other servers that start are waited for; each takes a moment.
const DIRECTORY_WAIT: Duration = Duration::from_secs(2);

/// Accepts connections, and lets them wait in the kernel's queue while all places are taken.
pub(super) struct Listener {
    socket: Socket,
    places: Places,
}

enum Socket {
    Tcp(TcpListener),
    // The file goes first: while the listener is there, no other file can have the same number.
    Unix { _file: SocketFile, listener: UnixListener },
}

/// Places for connections, of one listener or of several.
pub(super) type Places = Arc<Semaphore>;

/// A place for a connection; free again when this is dropped.
pub(super) type Place = OwnedSemaphorePermit;

/// The other side of a connection.
#[derive(Clone)]
pub(super) struct Peer {
    /// Where it is.
    pub(super) remote: Remote,
    /// How long it is waited for.
    pub(super) patience: Arc<Patience>,
}

/// Where the other side of a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remote {
    /// At an address.
    Address(SocketAddr),
    /// On this machine, behind a Unix socket.
    Socket,
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Socket => f.write_str("the Unix socket"),
        }
    }
}

impl Listener {
    /// Listens on `address`, for as many connections as there are places.
    pub(super) fn bind(address: SocketAddr, places: Places) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Connections that have ended keep the port for a while, which must not hold up a restart.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Self { socket: Socket::Tcp(socket.listen(WAITING_MAX)?), places })
    }

    /// Listens on a Unix socket at `path`, which is removed with the listener. One that a killed server left is replaced.
    pub(super) async fn bind_socket(path: &Path, places: Places) -> io::Result<Self> {
        // Of servers that start at once, all could find the socket abandoned and remove it, and with it the one that another of
        // them has just made.
        let _turn = lock_directory(path).await?;
        remove_abandoned(path)?;
        let listener = UnixListener::bind(path)?;
        let file = SocketFile::at(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE))?;
        Ok(Self { socket: Socket::Unix { _file: file, listener }, places })
    }

    /// Where it listens.
    pub(super) fn local(&self) -> io::Result<Remote> {
        match &self.socket {
            Socket::Tcp(tcp) => tcp.local_addr().map(Remote::Address),
            Socket::Unix { .. } => Ok(Remote::Socket),
        }
    }
}

/// Removes the socket of a server that is no more. Anything else at `path` stays, and is in the way.
fn remove_abandoned(path: &Path) -> io::Result<()> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    match UnixStream::connect(path) {
        Err(error) if is_socket && error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        _ => Ok(()),
    }
}

/// Locks the directory of a file until what is returned is dropped. Whoever may read the directory can lock it for as long as they
/// like, so it is not waited for without end.
async fn lock_directory(path: &Path) -> io::Result<File> {
    let directory = durable::open_parent(path)?;
    let began = Instant::now();
    loop {
        match directory.try_lock() {
            Ok(()) => return Ok(directory),
            Err(TryLockError::WouldBlock) if began.elapsed() < DIRECTORY_WAIT => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "another program keeps its directory locked",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// The file of a Unix socket, which goes with the listener.
struct SocketFile {
    path: PathBuf,
    /// The device and number that tell it from another that has come to its place.
    identity: (u64, u64),
}

impl SocketFile {
    fn at(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(path)? })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            // If it is gone already, there is nothing to do.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

impl Peer {
    fn new(remote: Remote) -> Self {
        Self { remote, patience: Arc::new(Patience::new()) }
    }
}

impl Address for Peer {
    type Stream = Stream;
    type Listener = Listener;
}

impl AddrListener<Stream, Peer> for Listener {
    async fn bind_to(peer: Peer) -> io::Result<Self> {
        match peer.remote {
            Remote::Address(address) => {
                Self::bind(address, Arc::new(Semaphore::new(limits::CONNECTIONS_MAX)))
            }
            Remote::Socket => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    async fn accept_stream(&self) -> io::Result<(Stream, Peer)> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        let (io, remote) = match &self.socket {
            Socket::Tcp(tcp) => {
                let (tcp, address) = tcp.accept().await?;
                // Answers are written whole; waiting for more to send with them only delays them.
                tcp.set_nodelay(true)?;
                (Either::Left(tcp), Remote::Address(address))
            }
            Socket::Unix { listener, .. } => (Either::Right(listener.accept().await?.0), Remote::Socket),
        };
        let peer = Peer::new(remote);
        Ok((Stream::new(io, Arc::clone(&peer.patience), place), peer))
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        self.local().map(Peer::new)
    }
}
