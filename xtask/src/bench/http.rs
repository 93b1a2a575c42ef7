//! A lean HTTP/1.1 client: one keep-alive connection, one request at a time. It has the server's processors to itself while
//! it sends and reads, so it does no more than that.

use std::io::Write as _;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_util::either::Either;

/// Headers of an answer, at most.
const HEADERS_MAX: usize = 24;

/// Bodies up to this size are sent together with their head.
const SMALL_BYTES_MAX: usize = 16 * 1024;

/// What is read at a time, at least.
const READ_BYTES: usize = 16 * 1024;

/// A connection with what every request on it carries.
pub(crate) struct Http {
    stream: Either<TcpStream, UnixStream>,
    headers: String,
    sending: Vec<u8>,
    received: BytesMut,
}

/// What a body holds.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    /// One event.
    Json,
    /// One event a line.
    Ndjson,
    /// Nothing that the server takes.
    Other,
}

impl Content {
    fn mime(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Other => "text/plain",
        }
    }

    /// The status of the answer.
    fn answer(self) -> u16 {
        match self {
            Self::Json | Self::Ndjson => 201,
            Self::Other => 415,
        }
    }
}

/// The head of an answer, as far as it is of interest.
struct Head {
    bytes: usize,
    status: u16,
    body_bytes: usize,
}

impl Http {
    /// Connects to a port; `token` authorises all requests.
    pub(crate) async fn connect(address: SocketAddr, token: &str) -> Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("could not connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self::over(Either::Left(stream), &address.to_string(), token))
    }

    /// Connects to a Unix socket.
    pub(crate) async fn connect_socket(path: &Path, token: &str) -> Result<Self> {
        let stream = UnixStream::connect(path)
            .await
            .with_context(|| format!("could not connect to {}", path.display()))?;
        Ok(Self::over(Either::Right(stream), "localhost", token))
    }

    fn over(stream: Either<TcpStream, UnixStream>, host: &str, token: &str) -> Self {
        let headers = format!("host: {host}\r\nauthorization: Bearer {token}\r\nprefer: return=minimal\r\n");
        Self { stream, headers, sending: Vec::new(), received: BytesMut::new() }
    }

    /// Writes events, or what is no event to the server; another answer than is due to it is an error.
    pub(crate) async fn post(&mut self, content: Content, body: &[u8]) -> Result<()> {
        let request = "POST /v2/audit_logs";
        self.begin(request);
        let (mime, length) = (content.mime(), body.len());
        write!(self.sending, "content-type: {mime}\r\ncontent-length: {length}\r\n\r\n")?;
        if length <= SMALL_BYTES_MAX {
            self.sending.extend_from_slice(body);
            self.stream.write_all(&self.sending).await?;
        } else {
            self.stream.write_all(&self.sending).await?;
            self.stream.write_all(body).await?;
        }
        let answer = self.receive(request, content.answer()).await?;
        self.received.advance(answer.end);
        Ok(())
    }

    /// Reads `target` (a path with its query); anything but 200 is an error.
    pub(crate) async fn get(&mut self, target: &str) -> Result<Bytes> {
        let request = format!("GET {target}");
        self.begin(&request);
        self.sending.extend_from_slice(b"\r\n");
        self.stream.write_all(&self.sending).await?;
        let answer = self.receive(&request, 200).await?;
        Ok(self.received.split_to(answer.end).freeze().slice(answer.start..))
    }

    /// Writes the head of a request but for what is about its body.
    fn begin(&mut self, request: &str) {
        self.sending.clear();
        for part in [request, " HTTP/1.1\r\n", &self.headers] {
            self.sending.extend_from_slice(part.as_bytes());
        }
    }

    /// Waits for the whole answer; returns where its body stands in what was received, which it ends.
    async fn receive(&mut self, request: &str, expected: u16) -> Result<Range<usize>> {
        let head = loop {
            match Head::parse(&self.received)? {
                Some(head) => break head,
                None => self.read(request).await?,
            }
        };
        let body = head.bytes..head.bytes + head.body_bytes;
        while self.received.len() < body.end {
            self.read(request).await?;
        }
        let status = head.status;
        if status != expected {
            let body = &self.received[body];
            let complaint = String::from_utf8_lossy(&body[..body.len().min(1_000)]);
            bail!("{request} answered {status}, not {expected}: {complaint}");
        }
        Ok(body)
    }

    async fn read(&mut self, request: &str) -> Result<()> {
        self.received.reserve(READ_BYTES);
        let bytes = self.stream.read_buf(&mut self.received).await?;
        ensure!(bytes > 0, "{request} got no whole answer: the server closed the connection");
        Ok(())
    }
}

impl Head {
    /// The head that `received` begins with, if all of it is there.
    fn parse(received: &[u8]) -> Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(bytes) = response.parse(received)? else { return Ok(None) };
        let status = response.code.context("an answer has no status")?;
        let header = |name: &str| {
            let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            header.and_then(|header| std::str::from_utf8(header.value).ok())
        };
        // The server knows the length of all that is asked for here.
        let body_bytes =
            header("content-length").context("an answer does not say how long it is")?.parse()?;
        Ok(Some(Self { bytes, status, body_bytes }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\nx-request-id: a\r\n\r\nbody";
        let end = answer.len() - 4;
        for part in 0..end {
            assert!(Head::parse(&answer[..part]).expect("so far, so good").is_none(), "{part}");
        }
        let head = Head::parse(answer).expect("good").expect("whole");
        assert_eq!((head.bytes, head.status, head.body_bytes), (end, 201, 12));
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err(), "no length");
        assert!(Head::parse(b"nonsense").is_err());
    }
}
