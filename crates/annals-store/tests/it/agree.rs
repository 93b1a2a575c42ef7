//! Whatever is done in whatever order, the engines agree on what came of it.

use std::ops::Range;
use std::sync::Arc;

use annals_format::Timestamp;
use annals_store::{
    AccountId, Append, Catalog, Commit, CommitError, Memory, NewEntry, ReadError, Seal, SegmentInfo,
};
use annals_tlog::leaf_hash;
use proptest::prelude::*;

use crate::sqlite::{directory, open};

#[derive(Debug, Clone)]
enum Step {
    Append {
        account: u32,
        entries: usize,
    },
    /// Where the range is off by something it is a conflict, most of the time.
    Seal {
        account: u32,
        entries: u64,
        start_off: u64,
    },
    /// Replaces listed segments by their places, if there are any.
    Compact {
        account: u32,
        places: Range<usize>,
        end_off: u64,
    },
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    let account = 0_u32..2;
    let off = || prop_oneof![4 => Just(0_u64), 1 => 0..3_u64];
    prop_oneof![
        3 => (account.clone(), 0_usize..5).prop_map(|(account, entries)| Step::Append { account, entries }),
        4 => (account.clone(), 1..5_u64, off())
            .prop_map(|(account, entries, start_off)| Step::Seal { account, entries, start_off }),
        2 => (account, 0_usize..4, 1_usize..4, off())
            .prop_map(|(account, from, count, end_off)| Step::Compact { account, places: from..from + count, end_off }),
        1 => Just(Step::Forget),
    ]
}

/// Does a step, and says what came of it. `name` is one that no step had before.
async fn take(catalog: &dyn Catalog, step: &Step, name: String) -> Result<String, ReadError> {
    let done = match step {
        Step::Append { account, entries } => append(catalog, AccountId(*account), *entries).await?,
        Step::Seal { account, entries, start_off } => {
            let account = AccountId(*account);
            let start =
                catalog.segments(account).await?.last().map_or(0, |last| last.indexes.end) + start_off;
            let segment = SegmentInfo { name, indexes: start..start + entries, bytes: 9, footer_bytes: 3 };
            catalog.seal(Seal { account, segment, replaces: Vec::new() }).await
        }
        Step::Compact { account, places, end_off } => {
            let account = AccountId(*account);
            let listed = catalog.segments(account).await?;
            let old: Vec<_> = listed.iter().skip(places.start).take(places.len()).collect();
            let (Some(first), Some(last)) = (old.first(), old.last()) else { return Ok("nothing".into()) };
            let indexes = first.indexes.start..last.indexes.end + end_off;
            let replaces = old.iter().map(|old| old.name.clone()).collect();
            let segment = SegmentInfo { name, indexes, bytes: 9, footer_bytes: 3 };
            catalog.seal(Seal { account, segment, replaces }).await
        }
        Step::Forget => {
            return Ok(format!("{:?}", catalog.forget(Timestamp::MIN, Timestamp::MIN).await));
        }
    };
    Ok(format!("{done:?}"))
}

async fn append(
    catalog: &dyn Catalog,
    account: AccountId,
    count: usize,
) -> Result<Result<(), CommitError>, ReadError> {
    let mut tree = catalog.tree(account).await?;
    let expected_size = tree.edge.size();
    let entries: Vec<_> = (expected_size..)
        .take(count)
        .map(|index| NewEntry { row: index.to_string().into_bytes(), leaf: leaf_hash(&index.to_le_bytes()) })
        .collect();
    for entry in &entries {
        tree.edge.push(entry.leaf);
    }
    let append = Append { account, expected_size, entries, tree, tile_hashes: Vec::new(), keys: Vec::new() };
    Ok(catalog.commit(Arc::new(Commit { appends: vec![append], changes: Vec::new() })).await)
}

/// All that a reader can see of a log, after checking that nothing of it is lost.
async fn look(catalog: &dyn Catalog, account: AccountId) -> Result<String, ReadError> {
    let tree = catalog.tree(account).await?;
    let segments = catalog.segments(account).await?;
    let entries = catalog.entries(account, 0..u64::MAX, usize::MAX).await?;
    let size = tree.edge.size();
    let rows = catalog.rows(account, &(0..size).collect::<Vec<_>>()).await?;
    let mut seen = 0;
    for segment in &segments {
        assert_eq!(segment.indexes.start, seen);
        seen = segment.indexes.end;
    }
    assert!(entries.iter().map(|entry| entry.index).eq(seen..size));
    for (index, row) in (0..).zip(&rows) {
        assert_eq!(*row, (index >= seen).then(|| index.to_string().into_bytes()));
    }
    assert!(catalog.rows(account, &[size]).await.is_err());
    Ok(format!("{tree:?} {segments:?} {entries:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn engines_agree_on_seals(steps in prop::collection::vec(step(), 1..30)) {
        let directory = directory();
        let engines: [Arc<dyn Catalog>; 2] = [Arc::new(Memory::new()), Arc::new(open(&directory))];
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let story = runtime.block_on(async {
            for (number, step) in steps.iter().enumerate() {
                let mut answers = Vec::new();
                for engine in &engines {
                    let name = format!("s{number}");
                    let done = take(&**engine, step, name).await?;
                    answers.push((done, look(&**engine, AccountId(0)).await?, look(&**engine, AccountId(1)).await?));
                }
                assert_eq!(answers.first(), answers.last(), "{step:?}");
            }
            Ok::<_, ReadError>(())
        });
        prop_assert!(story.is_ok(), "{:?}", story);
    }
}
