//! Listening: connections in, requests to the service, and an end that finishes what it began.
//!
//! The listener accepts no more connections than there are places for. The stream of a connection gives it up when its
//! peer makes no progress, which covers clients that connect and say nothing, send their headers byte by byte, go away
//! half-open, or do not read what they asked for. axum-server does the rest: HTTP/1 and HTTP/2, TLS, and the orderly
//! end.
//!
//! Measured with 10,000 connections over plain HTTP: one that has said nothing costs 3.2 KB, and one that is kept for its
//! next request 21 KB, of which 16 KB are the buffers that hyper starts with.

mod listener;
pub mod open_files;
mod patience;
mod signals;
mod stream;
#[cfg(test)]
mod tests;

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request},
    response::Response,
};
use axum_server::{
    Handle,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use tokio::sync::Semaphore;
use tower::{Service, service_fn};
use tracing::{debug, info, warn};

pub use listener::Remote;
pub use signals::Signals;

use crate::{config::Tls, limits};
use listener::{Listener, Peer, Places};

/// [`limits::HEADER_BYTES_MAX`] in the type that HTTP/2 counts with.
const HTTP2_HEADER_BYTES_MAX: u32 = 32 * 1024;
const _: () = assert!(HTTP2_HEADER_BYTES_MAX as usize == limits::HEADER_BYTES_MAX);

/// Bytes that a client of HTTP/2 may send ahead of what is read: of a connection, and of each request.
const HTTP2_WINDOW_BYTES: u32 = 256 * 1024;

/// Requests at a time on a connection of HTTP/2.
const HTTP2_REQUESTS_MAX: u32 = 128;

/// Why a server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be listened on.
    #[error("the server cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// There cannot be a Unix socket to listen on.
    #[error("the server cannot listen on a Unix socket at {}: {source}", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("the certificate {} with the key {} cannot be used: {source}", tls.cert.display(), tls.key.display())]
    Tls {
        /// The files.
        tls: Tls,
        /// What is wrong with them.
        source: io::Error,
    },
}

/// A server that listens but does not answer yet.
pub struct Server {
    listener: Listener,
    address: SocketAddr,
    tls: Option<(Tls, RustlsConfig)>,
    /// A Unix socket beside the address. What comes through it has not left the machine, and needs no TLS.
    socket: Option<Listener>,
    places: Places,
}

impl Server {
    /// Listens on `address`; with `tls` it speaks HTTPS. Connections wait until [`run`](Self::run).
    pub async fn bind(address: SocketAddr, tls: Option<Tls>) -> Result<Self, ListenError> {
        let tls = match tls {
            Some(tls) => Some((tls.clone(), load(&tls).await?)),
            None => None,
        };
        let places = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
        let failed = |source| ListenError::Bind { address, source };
        let listener = Listener::bind(address, Arc::clone(&places)).map_err(failed)?;
        let address = match listener.local().map_err(failed)? {
            Remote::Address(address) => address,
            Remote::Socket => address,
        };
        Ok(Self { listener, address, tls, socket: None, places })
    }

    /// Listens on a Unix socket at `path` as well, and speaks plain HTTP there. Its file is removed at the end.
    pub async fn and_socket(mut self, path: &Path) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Socket { path: path.to_owned(), source };
        self.socket = Some(Listener::bind_socket(path, Arc::clone(&self.places)).await.map_err(failed)?);
        Ok(self)
    }

    /// The address where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests by `service` until `end`, then takes no further connection and gives requests in progress up to `grace`.
    ///
    /// Handlers find in `ConnectInfo<Remote>` where their peer is.
    pub async fn run<S>(self, service: S, end: impl Future<Output = ()>, grace: Duration) -> io::Result<()>
    where
        S: Service<Request, Response = Response, Error = Infallible, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let handle = Handle::new();
        let connections = service_fn(move |peer: Peer| {
            let service = service.clone();
            let service = service_fn(move |request: http::Request<_>| {
                let handler = peer.patience.start_request(request.version());
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo(peer.remote));
                let answer = service.clone().call(request);
                async move {
                    let answer = answer.await;
                    drop(handler);
                    answer
                }
            });
            std::future::ready(Ok::<_, Infallible>(service))
        });
        let server = of(self.listener, &handle);
        let socket = self.socket.map(|socket| of(socket, &handle));
        let (files, config) = self.tls.unzip();
        let on_address = async {
            match &config {
                Some(config) => {
                    let time = Duration::from_secs(limits::HEADER_SECONDS_MAX);
                    let tls = RustlsAcceptor::new(config.clone()).handshake_timeout(time);
                    server.acceptor(tls).serve(connections.clone()).await
                }
                None => server.serve(connections.clone()).await,
            }
        };
        let on_socket = async {
            match socket {
                Some(socket) => socket.serve(connections.clone()).await,
                None => Ok(()),
            }
        };
        let serving = async { tokio::try_join!(on_address, on_socket).map(|((), ())| ()) };
        let mut serving = pin!(serving);
        tokio::select! {
            ended = &mut serving => return ended,
            never = reload(files.zip(config.clone())) => match never {},
            () = end => {}
        }
        info!(
            connections = handle.connection_count(),
            "no further connections; requests in progress are finished"
        );
        handle.graceful_shutdown(Some(grace));
        serving.await
    }
}

/// A server of what `listener` accepts.
fn of(listener: Listener, handle: &Handle<Peer>) -> axum_server::Server<Peer> {
    let mut server = axum_server::Server::from_listener(listener)
        .handle(handle.clone())
        .accept_error_handler(|peer: Option<&Peer>, error| match peer {
            Some(peer) => debug!(peer = %peer.remote, %error, "a connection was not set up"),
            // Out of file descriptors, most likely. The next attempt is made after a pause.
            None => warn!(%error, "a connection could not be accepted"),
        });
    let http = server.http_builder();
    // The largest head that is taken. Also what a connection of HTTP/1 may hold of a body that nobody reads.
    http.http1().max_buf_size(limits::HEADER_BYTES_MAX);
    http.http2()
        .max_header_list_size(HTTP2_HEADER_BYTES_MAX)
        .max_concurrent_streams(HTTP2_REQUESTS_MAX)
        .initial_connection_window_size(HTTP2_WINDOW_BYTES)
        .initial_stream_window_size(HTTP2_WINDOW_BYTES);
    server
}

async fn load(tls: &Tls) -> Result<RustlsConfig, ListenError> {
    let failed = |source| ListenError::Tls { tls: tls.clone(), source };
    RustlsConfig::from_pem_file(&tls.cert, &tls.key).await.map_err(failed)
}

/// Reads the certificate and its key again whenever the process gets SIGHUP. New connections use what was read last.
async fn reload(tls: Option<(Tls, RustlsConfig)>) -> Infallible {
    let Some((Tls { cert, key }, config)) = tls else { return std::future::pending().await };
    let files = |path: &PathBuf| path.display().to_string();
    let mut hangups = signals::Hangups::listen();
    loop {
        hangups.next().await;
        match config.reload_from_pem_file(&cert, &key).await {
            Ok(()) => info!(cert = files(&cert), "the certificate was read again"),
            Err(error) => {
                warn!(%error, cert = files(&cert), "the certificate cannot be used; the one before stays");
            }
        }
    }
}
