//! A lean HTTP/1.1 client: one keep-alive connection, one request at a time.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection with what every request on it carries.
pub(crate) struct Http {
    sender: SendRequest<Full<Bytes>>,
    headers: HeaderMap,
}

/// What a body holds.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    /// One event.
    Json,
    /// One event a line.
    Ndjson,
}

impl Content {
    fn mime(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
        })
    }
}

impl Http {
    /// Connects; `token` authorises all requests.
    pub(crate) async fn connect(address: SocketAddr, token: &str) -> Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("could not connect to {address}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with its sender; an error on the way reaches the sender's own calls.
        tokio::spawn(connection);
        let headers = HeaderMap::from_iter([
            (HOST, HeaderValue::try_from(address.to_string())?),
            (AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}"))?),
            (HeaderName::from_static("prefer"), HeaderValue::from_static("return=minimal")),
        ]);
        Ok(Self { sender, headers })
    }

    /// Writes events; anything but 201 is an error.
    pub(crate) async fn post(&mut self, content: Content, body: Bytes) -> Result<()> {
        let mut request = self.request(Method::POST, "/v2/audit_logs", body)?;
        request.headers_mut().insert(CONTENT_TYPE, content.mime());
        let mut response = self.send(request, StatusCode::CREATED).await?;
        while let Some(frame) = response.frame().await {
            frame?;
        }
        Ok(())
    }

    /// Reads `target` (a path with its query); anything but 200 is an error.
    pub(crate) async fn get(&mut self, target: &str) -> Result<Bytes> {
        let request = self.request(Method::GET, target, Bytes::new())?;
        let response = self.send(request, StatusCode::OK).await?;
        Ok(response.into_body().collect().await?.to_bytes())
    }

    fn request(&self, method: Method, target: &str, body: Bytes) -> Result<Request<Full<Bytes>>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = target.parse()?;
        request.headers_mut().clone_from(&self.headers);
        Ok(request)
    }

    async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
        expected: StatusCode,
    ) -> Result<Response<Incoming>> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await;
        let response = answer.with_context(|| format!("{method} {uri} got no answer"))?;
        if response.status() != expected {
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            let complaint = String::from_utf8_lossy(&body[..body.len().min(1_000)]).into_owned();
            bail!("{method} {uri} answered {status}, not {expected}: {complaint}");
        }
        Ok(response)
    }
}
