//! What the next commit takes on, and how long it waits for more.

use std::{
    thread,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use super::{plan::Waiting, sequencer::SequencerOptions};

/// A commit begins when two fifths of those who record at the time wait for it. While it is made, requests of the others are
/// read: enough for the next one to begin when it is done.
const SHARE: (usize, usize) = (2, 5);

/// How long a commit waits for them at most: about as long as a small one takes.
const PATIENCE: Duration = Duration::from_micros(300);

/// What was taken from the queue for the next commit.
#[derive(Default)]
pub(super) struct Gathered {
    waiting: Vec<Waiting>,
    events: usize,
    bytes: usize,
    /// Requests that the next commit waits for.
    expected: usize,
}

impl Gathered {
    /// Events of the requests.
    pub(super) fn events(&self) -> usize {
        self.events
    }

    /// Waits for a request and takes what waits with it; false when there will be none.
    ///
    /// Writers who wait for an answer before they record again would each get a commit almost for themselves, if the first of
    /// them began one. So other threads run for a moment, which costs nobody anything but an idle processor.
    pub(super) async fn wait(
        &mut self,
        queue: &mut mpsc::Receiver<Waiting>,
        options: &SequencerOptions,
    ) -> bool {
        if self.waiting.is_empty() {
            let Some(first) = queue.recv().await else { return false };
            self.push(first);
        }
        self.fill(queue, options);
        let began = Instant::now();
        while self.waiting.len() < self.expected
            && self.events < options.ahead_events_min
            && began.elapsed() < PATIENCE
        {
            thread::yield_now();
            self.fill(queue, options);
        }
        true
    }

    /// Takes what waits, up to what one commit takes on.
    pub(super) fn fill(&mut self, queue: &mut mpsc::Receiver<Waiting>, options: &SequencerOptions) {
        while self.events < options.commit_events_max
            && self.bytes < options.commit_bytes_max
            && let Ok(waiting) = queue.try_recv()
        {
            self.push(waiting);
        }
    }

    /// Notes that a commit has ended that `requests` waited for. They and those who wait by now are all who record at the time.
    pub(super) fn expect(
        &mut self,
        requests: usize,
        queue: &mut mpsc::Receiver<Waiting>,
        options: &SequencerOptions,
    ) {
        self.fill(queue, options);
        let (part, whole) = SHARE;
        self.expected = (requests + self.waiting.len()) * part / whole;
    }

    /// Gives away what was taken.
    pub(super) fn take(&mut self) -> Vec<Waiting> {
        (self.events, self.bytes) = (0, 0);
        std::mem::take(&mut self.waiting)
    }

    fn push(&mut self, waiting: Waiting) {
        let events = &waiting.request.events;
        self.events += events.len();
        self.bytes += events.iter().map(|event| event.draft.size()).sum::<usize>();
        self.waiting.push(waiting);
    }
}

#[cfg(test)]
mod tests {
    use annals_store::AccountId;
    use tokio::sync::oneshot;

    use super::{super::Request, *};

    fn waiting() -> Waiting {
        let request = Request {
            account: AccountId(1),
            events: Vec::new(),
            key: None,
            workspaces: Vec::new(),
            sealed: 0,
            rows_wanted: false,
            single: true,
        };
        Waiting { request, answer: oneshot::channel().0 }
    }

    #[tokio::test]
    async fn a_commit_waits_for_its_share_of_those_who_record_but_not_for_long() {
        let (sender, mut queue) = mpsc::channel(64);
        let send = |requests: usize| {
            for _ in 0..requests {
                sender.try_send(waiting()).expect("there is room");
            }
        };
        let options = SequencerOptions::default();
        let mut gathered = Gathered::default();

        send(2);
        let began = Instant::now();
        assert!(gathered.wait(&mut queue, &options).await);
        assert_eq!(gathered.take().len(), 2, "nobody else is expected");

        // Two were answered and three wait: of five, two make a commit.
        send(3);
        gathered.expect(2, &mut queue, &options);
        assert_eq!(gathered.expected, 2);
        assert!(gathered.wait(&mut queue, &options).await);
        assert_eq!(gathered.take().len(), 3);
        assert!(began.elapsed() < Duration::from_secs(5), "enough were there");

        // Ten were answered, and but one of them comes back.
        gathered.expect(10, &mut queue, &options);
        assert_eq!(gathered.expected, 4);
        send(1);
        let began = Instant::now();
        assert!(gathered.wait(&mut queue, &options).await);
        assert!(began.elapsed() >= PATIENCE);
        assert_eq!(gathered.take().len(), 1);

        // Five of them do, while the first is being waited with.
        let late = thread::spawn(move || {
            for _ in 0..5 {
                thread::yield_now();
                sender.try_send(waiting()).expect("there is room");
            }
        });
        gathered.expect(10, &mut queue, &options);
        let mut came = 0;
        while gathered.wait(&mut queue, &options).await {
            came += gathered.take().len();
        }
        assert_eq!(came, 5, "the queue has ended, and nothing of it is lost");
        late.join().expect("the others came");
    }
}
