//! The listener: accepts a connection when there is a place for it.

use std::{io, net::SocketAddr, sync::Arc};

use axum_server::{AddrListener, Address};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::{patience::Patience, stream::Stream};
use crate::limits;

/// Connections that the kernel completes and keeps until they are accepted: enough for every client to come back at
/// once after a restart, as one that finds no room waits a second before it tries again. The system may allow fewer.
const WAITING_MAX: u32 = 4_096;

/// Accepts connections, and lets them wait in the kernel's queue while all places are taken.
pub(super) struct Listener {
    tcp: TcpListener,
    places: Arc<Semaphore>,
}

/// The other side of a connection.
#[derive(Clone)]
pub(super) struct Peer {
    /// Where it is.
    pub(super) address: SocketAddr,
    /// How long it is waited for.
    pub(super) patience: Arc<Patience>,
}

/// A place for a connection; free again when this is dropped.
pub(super) type Place = OwnedSemaphorePermit;

impl Listener {
    /// Listens on `address` and holds at most so many connections.
    pub(super) fn bind(address: SocketAddr, connections_max: usize) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Connections that have ended keep the port for a while, which must not hold up a restart.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Self { tcp: socket.listen(WAITING_MAX)?, places: Arc::new(Semaphore::new(connections_max)) })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

impl Peer {
    fn new(address: SocketAddr) -> Self {
        Self { address, patience: Arc::new(Patience::new()) }
    }
}

impl Address for Peer {
    type Stream = Stream;
    type Listener = Listener;
}

impl AddrListener<Stream, Peer> for Listener {
    async fn bind_to(peer: Peer) -> io::Result<Self> {
        Self::bind(peer.address, limits::CONNECTIONS_MAX)
    }

    async fn accept_stream(&self) -> io::Result<(Stream, Peer)> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        let (tcp, address) = self.tcp.accept().await?;
        // Answers are written whole; waiting for more to send with them only delays them.
        tcp.set_nodelay(true)?;
        let peer = Peer::new(address);
        Ok((Stream::new(tcp, Arc::clone(&peer.patience), place), peer))
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        self.address().map(Peer::new)
    }
}
