//! Threads for work that keeps a processor busy: few, and always the same ones.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// Threads that take what is handed to them, in the order in which it was. They end when this is dropped and the work at
/// hand is done.
///
/// Each thread keeps memory that it has freed for what it does next. Work that wanders over the many threads of a runtime takes
/// memory from the system on each of them, and gives it back before it comes there again.
pub(crate) struct Workers(mpsc::Sender<Work>);

/// The threads have ended, or the work did before it had a result.
#[derive(Debug)]
pub(crate) struct Ended;

impl Workers {
    /// Starts `threads` threads called `name`, with this nice value or that of the process.
    pub(crate) fn start(name: &str, threads: usize, nice: Option<i32>) -> Self {
        let (sender, receiver) = mpsc::channel::<Work>();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..threads.max(1) {
            let receiver = Arc::clone(&receiver);
            let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
                // On Linux this is about the calling thread alone. Where it is not allowed, all take a fair share.
                let _ = nice.map(|nice| rustix::process::setpriority_process(None, nice));
                while let Some(work) = next(&receiver) {
                    // What panics has said so; whoever waits for it finds that there is no result.
                    let _ = catch_unwind(AssertUnwindSafe(work));
                }
            });
            // Without any thread the receiver is gone, and each piece of work says so.
            drop(started);
        }
        Self(sender)
    }

    /// Runs `work` on one of the threads.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Ended> {
        let (sender, done) = oneshot::channel();
        let work = move || {
            // Whoever waited may be gone by now, or by then.
            if !sender.is_closed() {
                let _ = sender.send(work());
            }
        };
        self.0.send(Box::new(work)).map_err(|_| Ended)?;
        done.await.map_err(|_| Ended)
    }
}

/// Waits for work; the lock is held while waiting, and let go before the work is done.
fn next(receiver: &Mutex<mpsc::Receiver<Work>>) -> Option<Work> {
    receiver.lock().recv().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_a_piece_of_work_and_no_thread() {
        let workers = Workers::start("tests", 1, None);
        assert!(workers.run(|| panic!("on purpose")).await.is_err());
        assert_eq!(workers.run(|| 1 + 1).await.ok(), Some(2));
    }

    #[tokio::test]
    async fn work_goes_to_whoever_is_free() {
        let workers = Workers::start("tests", 2, None);
        let (go, wait) = mpsc::channel();
        let slow = workers.run(move || wait.recv().is_ok());
        let quick = async {
            for number in 0..10 {
                assert_eq!(workers.run(move || number).await.ok(), Some(number));
            }
            go.send(()).expect("it waits");
        };
        let (slow, ()) = tokio::join!(slow, quick);
        assert_eq!(slow.ok(), Some(true));
    }
}
