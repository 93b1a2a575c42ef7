//! The stream of a connection, which fails when its peer was waited for long enough.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    time::{Instant, Sleep, sleep_until},
};
use tokio_util::either::Either;

use super::{
    listener::Place,
    patience::{LONGEST, Patience},
};

/// A stream with an end to the patience with its peer.
pub(super) struct Stream {
    io: Either<TcpStream, UnixStream>,
    patience: Arc<Patience>,
    /// Set to a moment at which patience may end, or earlier. It is moved when it rings and not with every request,
    /// which would take the lock of the runtime's timers each time.
    alarm: Pin<Box<Sleep>>,
    _place: Place,
}

impl Stream {
    pub(super) fn new(io: Either<TcpStream, UnixStream>, patience: Arc<Patience>, place: Place) -> Self {
        let alarm = Box::pin(sleep_until(Instant::now() + LONGEST));
        Self { io, patience, alarm, _place: place }
    }

    /// What waiting for the peer comes to: more waiting, or an error.
    fn poll_patience<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        loop {
            let now = Instant::now();
            // While it is our turn nothing ends, but a later look is due, as not every end of a turn wakes this task.
            let end = self.patience.end(now);
            let look_again = end.unwrap_or(now + LONGEST);
            if look_again <= now {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            if self.alarm.is_elapsed() || self.alarm.deadline() > look_again {
                self.alarm.as_mut().reset(look_again);
            }
            ready!(self.alarm.as_mut().poll(context));
        }
    }

    fn poll_sent(
        &mut self,
        sent: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match sent {
            Poll::Pending => self.poll_patience(context),
            Poll::Ready(sent) => {
                if sent.is_ok() {
                    self.patience.sent();
                }
                Poll::Ready(sent)
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.io).poll_read(context, buffer) {
            Poll::Pending => self.poll_patience(context),
            Poll::Ready(read) => {
                if buffer.filled().len() > before {
                    self.patience.received();
                }
                Poll::Ready(read)
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.io).poll_write(context, bytes);
        self.poll_sent(sent, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.poll_sent(sent, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
