//! Rewriting: a segment takes the place of another that has the same entries, some of them with less than before.

use std::sync::Arc;

use annals_format::{
    Row,
    segment::{self, Fate, Options},
};
use annals_store::{AccountId, BlobKey, SegmentInfo};
use tokio::runtime::Handle;

use super::{
    Sealed,
    compact::Sink,
    keeper::{KeepError, Keeper},
    polite::Polite,
    seal::terms,
};

impl Keeper {
    /// Writes a segment anew, where each row meets its `fate`, and says `what` was done. A crash leaves the segment as it was, or
    /// an old blob that nobody lists, which is swept later.
    pub(super) async fn rewrite(
        &self,
        account: AccountId,
        sealed: &Arc<Sealed>,
        what: &'static str,
        fate: impl FnMut(u64, &Row) -> Fate + Send + 'static,
    ) -> Result<(), KeepError> {
        let name = Self::name(&sealed.indexes());
        let key = BlobKey::Segment { account, name: name.clone() };
        let sink = Sink::new(self.segments().blobs().writer(&key), Handle::current());
        let source = Arc::clone(sealed);
        let write = move || -> Result<_, KeepError> {
            let mut sink = sink;
            let parts = source.uncached();
            let (from, to) = ((source.layout(), &parts), Polite::new(&mut sink));
            let summary = segment::rewrite(from, &Options::default(), fate, terms, to)?;
            sink.finish()?;
            Ok(summary)
        };
        let summary = self.worker.run(write).await?;
        let info = SegmentInfo {
            name,
            indexes: summary.indexes.clone(),
            bytes: summary.bytes,
            footer_bytes: summary.footer_bytes,
        };
        let footer = info.bytes.saturating_sub(u64::from(info.footer_bytes))..info.bytes;
        let footer = self.segments().blobs().read(&key, std::slice::from_ref(&footer)).await?;
        let replaced = sealed.info().name.clone();
        self.list(account, info.clone(), vec![replaced.clone()], footer.first().map_or(&[], |footer| footer))
            .await?;
        self.segments().blobs().delete(&BlobKey::Segment { account, name: replaced }).await?;
        Self::tell(what, account, &info);
        Ok(())
    }
}
