//! Tests of listening and of the orderly end, over real sockets.

use axum::{Router, extract::ConnectInfo, routing::get};
use axum_server::AddrListener as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

use super::*;

const SOON: Duration = Duration::from_secs(10);

fn local() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A place for a socket, in a directory that goes when it is dropped.
fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("annals.sock");
    (directory, path)
}

/// Listens on a Unix socket, for one connection.
async fn bind(path: &Path) -> io::Result<Listener> {
    Listener::bind_socket(path, Arc::new(Semaphore::new(1))).await
}

/// A server that runs, what ends it, and what it comes to.
async fn run(
    router: Router,
    grace: Duration,
) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<io::Result<()>>) {
    let server = Server::bind(local(), None).await.expect("a free port");
    let (address, (end, ended)) = (server.address(), oneshot::channel());
    let end_of = async move { drop(ended.await) };
    (address, end, tokio::spawn(server.run(router, end_of, grace)))
}

/// A connection on which a request was sent.
async fn ask(address: SocketAddr, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(format!("{head}\r\nhost: x\r\n\r\n").as_bytes()).await.expect("sent");
    stream
}

/// All that comes until the server closes the connection.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    timeout(SOON, stream.read_to_string(&mut text)).await.expect("in time").expect("UTF-8");
    text
}

/// A handler that tells when it starts, and answers when it is told to.
fn slow(started: mpsc::UnboundedSender<()>, go: oneshot::Receiver<()>) -> Router {
    let go = parking_lot::Mutex::new(Some(go));
    let handler = move || {
        let go = go.lock().take();
        started.send(()).expect("somebody waits");
        async move {
            if let Some(go) = go {
                drop(go.await);
            }
            "done"
        }
    };
    let handler = std::sync::Arc::new(handler);
    Router::new().route("/", get(move || handler()))
}

#[tokio::test]
async fn handlers_know_their_peer() {
    let handler = |ConnectInfo(peer): ConnectInfo<Remote>| async move { peer.to_string() };
    let (address, end, ended) = run(Router::new().route("/", get(handler)), SOON).await;
    let stream = ask(address, "GET / HTTP/1.1\r\nconnection: close").await;
    let peer = stream.local_addr().expect("an address");
    let answer = rest(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with(&peer.to_string()), "{answer}");
    drop(end);
    ended.await.expect("no panic").expect("an orderly end");
}

#[tokio::test]
async fn a_socket_is_another_way_in_and_goes_with_the_server() {
    let (_directory, path) = place();
    let handler = |ConnectInfo(peer): ConnectInfo<Remote>| async move { peer.to_string() };
    let server = Server::bind(local(), None).await.expect("a free port");
    let server = server.and_socket(&path).await.expect("a free path");
    let (address, (end, ended)) = (server.address(), oneshot::channel::<()>());
    let router = Router::new().route("/", get(handler));
    let mut running = tokio::spawn(server.run(router, async move { drop(ended.await) }, SOON));

    let (mut stream, mut answer) = (UnixStream::connect(&path).await.expect("a connection"), String::new());
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.expect("sent");
    timeout(SOON, stream.read_to_string(&mut answer)).await.expect("in time").expect("UTF-8");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("the Unix socket"), "{answer}");
    let answer = rest(ask(address, "GET / HTTP/1.1\r\nconnection: close").await).await;
    assert!(answer.contains("127.0.0.1:"), "{answer}");

    let idle = UnixStream::connect(&path).await.expect("a connection");
    drop(end);
    timeout(SOON, &mut running).await.expect("in time").expect("no panic").expect("an orderly end");
    drop(idle);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_socket_that_was_left_behind_is_replaced_and_nothing_else_is() {
    let (directory, path) = place();
    // A socket that is dropped leaves its file.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a free path"));
    assert!(path.exists());
    let first = bind(&path).await.expect("it replaces what was left");

    let taken = bind(&path).await.map(drop).expect_err("somebody listens");
    assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    UnixStream::connect(&path).await.expect("it still does");
    drop(first);
    assert!(!path.exists());

    let file = tempfile::NamedTempFile::new_in(&directory).expect("a file");
    let taken = bind(file.path()).await.map(drop).expect_err("a file is in the way");
    assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    assert!(file.path().exists());

    let server = Server::bind(local(), None).await.expect("a free port");
    let error =
        server.and_socket(&directory.path().join("no/such")).await.map(drop).expect_err("no directory");
    assert!(error.to_string().contains("/no/such"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_servers_that_start_at_once_one_gets_the_socket() {
    let (_directory, path) = place();
    let runtime = tokio::runtime::Handle::current();
    for round in 0..100 {
        drop(std::os::unix::net::UnixListener::bind(&path).expect("one that is left behind"));
        // Threads, as tasks would not begin at the same moment.
        let start = std::sync::Barrier::new(4);
        let bound: Vec<_> = std::thread::scope(|scope| {
            let starting = || {
                start.wait();
                runtime.block_on(bind(&path))
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(starting)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        let servers = bound.iter().filter(|bound| bound.is_ok()).count();
        assert_eq!(servers, 1, "round {round}");
        UnixStream::connect(&path).await.expect("whoever got it listens there");
        drop(bound);
        assert!(!path.exists());
    }
}

#[tokio::test]
async fn a_locked_directory_is_not_waited_for_without_end() {
    let (directory, path) = place();
    let lock = std::fs::File::open(directory.path()).expect("a directory");
    lock.lock().expect("locked");
    let error = bind(&path).await.map(drop).expect_err("somebody keeps it locked");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(error.to_string().contains("locked"), "{error}");
    drop(lock);
    bind(&path).await.map(drop).expect("nobody does any more");
}

#[tokio::test]
async fn a_server_removes_no_socket_of_another() {
    let (_directory, path) = place();
    let first = bind(&path).await.expect("bound");
    std::fs::remove_file(&path).expect("somebody tidies up");
    let second = bind(&path).await.expect("bound");
    drop(first);
    assert!(path.exists());
    drop(second);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_port_and_a_socket_share_their_places() {
    let (_directory, path) = place();
    let places = Arc::new(Semaphore::new(1));
    let port = Listener::bind(local(), Arc::clone(&places)).expect("a free port");
    let socket = Listener::bind_socket(&path, places).await.expect("a free path");
    let Remote::Address(address) = port.local().expect("an address") else { unreachable!("it is a port") };
    let _clients = (TcpStream::connect(address).await, UnixStream::connect(&path).await);
    let first = timeout(SOON, socket.accept_stream()).await.expect("in time").expect("a connection");
    let waits = timeout(Duration::from_millis(50), port.accept_stream()).await;
    assert!(waits.is_err(), "the one place is taken");
    drop(first);
    timeout(SOON, port.accept_stream()).await.expect("in time").expect("a connection");
}

#[tokio::test]
async fn the_end_finishes_what_it_began_and_takes_no_more() {
    let (started, mut starts) = mpsc::unbounded_channel();
    let (go, wait) = oneshot::channel();
    let (address, end, mut ended) = run(slow(started, wait), SOON).await;
    let idle = TcpStream::connect(address).await.expect("a connection");
    let busy = ask(address, "GET / HTTP/1.1").await;
    starts.recv().await.expect("the request arrived");

    drop(end);
    assert_eq!(rest(idle).await, "", "idle connections are closed at once");
    timeout(SOON, async { while TcpStream::connect(address).await.is_ok() {} }).await.expect("refused soon");
    assert!(!ended.is_finished(), "a request is still in progress");
    go.send(()).expect("the handler waits");
    let answer = rest(busy).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("done"), "{answer}");
    timeout(SOON, &mut ended).await.expect("in time").expect("no panic").expect("an orderly end");
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let (started, mut starts) = mpsc::unbounded_channel();
    let (_go, wait) = oneshot::channel();
    let (address, end, ended) = run(slow(started, wait), Duration::from_millis(50)).await;
    let busy = ask(address, "GET / HTTP/1.1").await;
    starts.recv().await.expect("the request arrived");
    drop(end);
    timeout(SOON, ended).await.expect("in time").expect("no panic").expect("an end");
    assert_eq!(rest(busy).await, "");
}

#[tokio::test]
async fn headers_have_a_limit() {
    let (address, _end, _ended) = run(Router::new().route("/", get(|| async { "ok" })), SOON).await;
    let fill = |bytes: usize| format!("GET / HTTP/1.1\r\nconnection: close\r\nx: {}", "x".repeat(bytes));
    let below = rest(ask(address, &fill(limits::HEADER_BYTES_MAX - 100)).await).await;
    assert!(below.starts_with("HTTP/1.1 200 "), "{below}");
    let mut stream = ask(address, &fill(limits::HEADER_BYTES_MAX)).await;
    let mut above = [0; 12];
    stream.read_exact(&mut above).await.expect("an answer");
    assert_eq!(&above, b"HTTP/1.1 431");
}

#[tokio::test]
async fn connections_wait_for_a_place() {
    let listener = Listener::bind(local(), Arc::new(Semaphore::new(1))).expect("a free port");
    let Remote::Address(address) = listener.local().expect("an address") else {
        unreachable!("it is a port")
    };
    let _clients = (TcpStream::connect(address).await, TcpStream::connect(address).await);
    let first = timeout(SOON, listener.accept_stream()).await.expect("in time").expect("a connection");
    let waits = timeout(Duration::from_millis(50), listener.accept_stream()).await;
    assert!(waits.is_err(), "the one place is taken");
    drop(first);
    timeout(SOON, listener.accept_stream()).await.expect("in time").expect("a connection");
}

#[tokio::test]
async fn what_cannot_be_listened_on_is_named() {
    let first = Server::bind(local(), None).await.expect("a free port");
    let error = Server::bind(first.address(), None).await.map(drop).expect_err("taken").to_string();
    assert!(error.starts_with(&format!("the server cannot listen on {}: ", first.address())), "{error}");
    let tls = Tls { cert: "/nowhere/cert.pem".into(), key: "/nowhere/key.pem".into() };
    let error = Server::bind(local(), Some(tls)).await.map(drop).expect_err("no files").to_string();
    assert!(error.contains("/nowhere/cert.pem") && error.contains("/nowhere/key.pem"), "{error}");
}
