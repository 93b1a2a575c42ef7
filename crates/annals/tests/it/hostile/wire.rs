//! Bytes on the wire that no well-behaved HTTP library sends.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::Server;

/// How long an answer to bytes that may never get one is waited for.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// A connection to the server.
pub(crate) async fn connect(server: &Server) -> TcpStream {
    let address = server.url.strip_prefix("http://").expect("an address");
    TcpStream::connect(address).await.expect("the server accepts connections")
}

/// Sends bytes and returns what comes back until the server closes the connection or has nothing more to say.
pub(crate) async fn exchange(server: &Server, bytes: &[u8]) -> String {
    let mut stream = connect(server).await;
    // The server may close the connection before it has read everything.
    let (mut from, mut to) = stream.split();
    let mut answer = Vec::new();
    let read = async {
        let mut buffer = [0; 4096];
        while let Ok(Ok(count @ 1..)) = timeout(ANSWER_TIME, from.read(&mut buffer)).await {
            answer.extend_from_slice(&buffer[..count]);
        }
    };
    let write = async {
        let _ = to.write_all(bytes).await;
    };
    tokio::join!(read, write);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status codes of all answers in what came back.
pub(crate) fn statuses(answer: &str) -> Vec<u16> {
    answer
        .split("HTTP/1.")
        .skip(1)
        .map(|head| head.get(2..5).and_then(|status| status.parse().ok()).expect("a status"))
        .collect()
}

/// Whether the server has closed a connection.
pub(crate) async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    loop {
        match timeout(Duration::from_millis(10), stream.read(&mut buffer)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0) | Err(_)) => return true,
            Err(_) => return false,
        }
    }
}
