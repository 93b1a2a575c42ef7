//! annals under load: prepared POSTs over keep-alive connections, each answered 201 when it is durable.

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;

use super::annals::Annals;
use super::events::{BATCH_ROWS, Bodies};
use super::http::{Content, Http};
use super::load::{Requests, Transport};

/// One connection that posts.
pub(crate) struct Post {
    http: Http,
    content: Content,
    rows: u64,
    bodies: Arc<Vec<Bytes>>,
}

impl Post {
    /// Opens `writers` connections that post batches of [`BATCH_ROWS`].
    pub(crate) async fn batches(
        annals: &Annals,
        transport: Transport,
        bodies: &Bodies,
        writers: usize,
    ) -> Result<Vec<Self>> {
        let rows = BATCH_ROWS as u64;
        Self::open(annals, transport, Content::Ndjson, rows, &bodies.batches, writers).await
    }

    /// Opens `writers` connections that post one event at a time.
    pub(crate) async fn singles(
        annals: &Annals,
        transport: Transport,
        bodies: &Bodies,
        writers: usize,
    ) -> Result<Vec<Self>> {
        Self::open(annals, transport, Content::Json, 1, &bodies.singles, writers).await
    }

    /// Opens `writers` connections that post one event at a time under a type that is refused before it is read: what HTTP
    /// and the access token take by themselves.
    pub(crate) async fn refused(
        annals: &Annals,
        transport: Transport,
        bodies: &Bodies,
        writers: usize,
    ) -> Result<Vec<Self>> {
        Self::open(annals, transport, Content::Other, 1, &bodies.singles, writers).await
    }

    async fn open(
        annals: &Annals,
        transport: Transport,
        content: Content,
        rows: u64,
        bodies: &Arc<Vec<Bytes>>,
        writers: usize,
    ) -> Result<Vec<Self>> {
        let mut clients = Vec::with_capacity(writers);
        for _ in 0..writers {
            let http = match transport {
                Transport::Tcp => annals.connect().await?,
                Transport::Unix => annals.connect_socket().await?,
            };
            clients.push(Self { http, content, rows, bodies: bodies.clone() });
        }
        Ok(clients)
    }
}

impl Requests for Post {
    async fn send(&mut self, n: usize) -> Result<u64> {
        self.http.post(self.content, &self.bodies[n % self.bodies.len()]).await?;
        Ok(self.rows)
    }
}
