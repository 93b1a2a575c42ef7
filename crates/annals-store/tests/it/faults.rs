//! The wrapper that breaks calls.

use std::sync::Arc;

use annals_format::Timestamp;
use annals_store::contract::Outcome;
use annals_store::{
    AccountId, Append, BlobError, BlobKey, Blobs, Call, Catalog, Commit, CommitError, Fault, Faulty, Memory,
    ReadError, Seal, SegmentInfo, Tree,
};
use bytes::Bytes;
use object_store::ObjectStore;
use object_store::memory::InMemory;

const A: AccountId = AccountId(1);

fn append() -> Arc<Commit> {
    let mut tree = Tree::default();
    let entry = annals_store::NewEntry { row: b"row".into(), leaf: annals_tlog::leaf_hash(b"leaf") };
    tree.edge.push(entry.leaf);
    let append = Append {
        account: A,
        expected_size: 0,
        entries: vec![entry],
        tree,
        tile_hashes: Vec::new(),
        keys: Vec::new(),
    };
    Arc::new(Commit { appends: vec![append], changes: Vec::new() })
}

fn faulty() -> Faulty {
    Faulty::new(Arc::new(Memory::new()))
}

#[tokio::test]
async fn each_fault_does_and_says_what_it_should() -> Outcome {
    for (fault, size, unknown) in [(Fault::Before, 0, false), (Fault::After, 1, true), (Fault::Lost, 0, true)]
    {
        let catalog = faulty();
        catalog.fail_at(0, fault);
        let error = catalog.commit(append()).await.err().ok_or("not broken")?;
        assert_eq!(matches!(error, CommitError::Unknown(_)), unknown, "{fault:?}: {error}");
        assert_eq!(matches!(error, CommitError::Unavailable(_)), !unknown, "{fault:?}: {error}");
        assert_eq!(catalog.tree(A).await?.edge.size(), size, "{fault:?}");

        catalog.fail_at(catalog.calls(), fault);
        assert!(matches!(catalog.tree(A).await, Err(ReadError::Unavailable(_))));
        catalog.tree(A).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_persistent_fault_lasts_until_it_is_healed() -> Outcome {
    let catalog = faulty();
    catalog.fail_from(1, Fault::Before);
    catalog.check().await?;
    for _ in 0..3 {
        assert!(catalog.check().await.is_err());
        assert!(catalog.commit(append()).await.is_err());
    }
    catalog.heal();
    catalog.check().await?;
    Ok(catalog.commit(append()).await?)
}

#[tokio::test]
async fn calls_are_counted_also_when_they_fail() -> Outcome {
    let catalog = faulty();
    catalog.commit(append()).await?;
    catalog.fail_at(1, Fault::Before);
    assert!(catalog.tree(A).await.is_err());
    catalog.tree(A).await?;
    assert_eq!(catalog.calls(), 3);
    assert_eq!(catalog.calls_of(Call::Tree), 2);
    assert_eq!(catalog.calls_of(Call::Commit), 1);
    assert_eq!(catalog.calls_of(Call::Grant), 0);
    Ok(())
}

fn segment() -> Seal {
    let segment = SegmentInfo { name: "name".into(), indexes: 0..1, bytes: 9, footer_bytes: 5 };
    Seal { account: A, segment, replaces: Vec::new() }
}

#[tokio::test]
async fn seals_and_leases_fail_as_writes_do() -> Outcome {
    for (fault, sealed) in [(Fault::Before, 0), (Fault::After, 1), (Fault::Lost, 0)] {
        let catalog = faulty();
        catalog.commit(append()).await?;
        catalog.fail_from(1, fault);
        let at = Timestamp::from_us;
        for error in
            [catalog.seal(segment()).await.err(), catalog.acquire("work", "me", at(1), at(9)).await.err()]
        {
            let unknown = matches!(error.ok_or("not broken")?, CommitError::Unknown(_));
            assert_eq!(unknown, fault != Fault::Before, "{fault:?}");
        }
        assert!(matches!(catalog.segments(A).await, Err(ReadError::Unavailable(_))));
        catalog.heal();
        assert_eq!(catalog.segments(A).await?.len(), sealed, "{fault:?}");
        assert_eq!(catalog.acquire("work", "you", at(1), at(9)).await?, fault != Fault::After, "{fault:?}");
        for (call, calls) in [(Call::Seal, 1), (Call::Acquire, 2), (Call::Segments, 2)] {
            assert_eq!(catalog.calls_of(call), calls, "{call:?}");
        }
    }
    Ok(())
}

fn key(name: &str) -> BlobKey {
    BlobKey::Segment { account: A, name: name.into() }
}

const LARGE: usize = 17 << 20;

/// One of everything that is done with blobs, between two calls of the catalog.
async fn scenario(catalog: &Faulty, blobs: &Blobs) -> Outcome {
    catalog.check().await?;
    blobs.put(&key("small"), Bytes::from_static(b"bytes")).await?;
    let mut writer = blobs.writer(&key("large"));
    for piece in vec![7; LARGE].chunks(1 << 20) {
        writer.write(piece).await?;
    }
    writer.finish().await?;
    assert_eq!(blobs.read(&key("small"), &[1..3, 4..5]).await?, [b"yt".as_slice(), b"s"]);
    assert_eq!(
        blobs.read(&key("large"), &[0..1, LARGE as u64 - 1..LARGE as u64]).await?,
        [b"\x07".as_slice(); 2]
    );
    let listed: Vec<_> = blobs.list(A).await?.into_iter().map(|listed| listed.bytes).collect();
    assert_eq!(listed, [LARGE as u64, 5]);
    blobs.delete(&key("small")).await?;
    catalog.check().await?;
    Ok(())
}

#[tokio::test]
async fn calls_on_blobs_are_numbered_among_those_of_the_catalog() -> Outcome {
    let catalog = faulty();
    scenario(&catalog, &Blobs::over(catalog.blobs(Arc::new(InMemory::new())))).await?;
    for (call, calls) in [
        (Call::Check, 2),
        (Call::BlobPut, 1),
        (Call::BlobWrite, 2),
        // Ranges that are far apart are asked for one by one.
        (Call::BlobRead, 3),
        (Call::BlobList, 1),
        (Call::BlobDelete, 1),
    ] {
        assert_eq!(catalog.calls_of(call), calls, "{call:?}");
    }
    assert_eq!(catalog.calls(), 10);
    Ok(())
}

#[tokio::test]
async fn a_scenario_with_any_call_broken_is_done_by_the_next_attempt() -> Outcome {
    for fault in [Fault::Before, Fault::After, Fault::Lost] {
        for n in 0..10 {
            let catalog = faulty();
            let inner: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
            let blobs = Blobs::over(catalog.blobs(Arc::clone(&inner)));
            catalog.fail_at(n, fault);
            let error = scenario(&catalog, &blobs).await.err().ok_or("not broken")?;
            if let Some(error) = error.downcast_ref::<BlobError>() {
                assert!(matches!(error, BlobError::Unavailable { .. }), "{fault:?} at {n}: {error}");
                assert!(
                    error.to_string().contains("1/segments") && error.to_string().contains("injected"),
                    "{error}"
                );
            }
            // Nothing is ever half there.
            for listed in Blobs::over(inner).list(A).await? {
                assert!([5, LARGE as u64].contains(&listed.bytes), "{fault:?} at {n}: {listed:?}");
            }
            scenario(&catalog, &blobs).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_broken_call_on_blobs_is_done_or_not_as_the_fault_says() -> Outcome {
    for (fault, done) in [(Fault::Before, false), (Fault::After, true), (Fault::Lost, false)] {
        let catalog = faulty();
        let blobs = Blobs::over(catalog.blobs(Arc::new(InMemory::new())));
        let there = async |name: &str| -> Result<bool, BlobError> {
            Ok(blobs.list(A).await?.iter().any(|listed| listed.key == key(name)))
        };
        catalog.fail_at(0, fault);
        assert!(blobs.put(&key("put"), Bytes::from_static(b"x")).await.is_err());
        assert_eq!(there("put").await?, done, "{fault:?}");
        catalog.fail_at(catalog.calls() + 1, fault);
        let mut writer = blobs.writer(&key("written"));
        writer.write(&vec![7; LARGE]).await?;
        assert!(writer.finish().await.is_err());
        assert_eq!(there("written").await?, done, "{fault:?}");
        blobs.put(&key("put"), Bytes::from_static(b"x")).await?;
        catalog.fail_at(catalog.calls(), fault);
        assert!(blobs.delete(&key("put")).await.is_err());
        assert_eq!(there("put").await?, !done, "{fault:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_writer_that_missed_a_part_is_never_finished() -> Outcome {
    let catalog = faulty();
    let blobs = Blobs::over(catalog.blobs(Arc::new(InMemory::new())));
    catalog.fail_at(0, Fault::Before);
    let mut writer = blobs.writer(&key("name"));
    assert!(writer.write(&vec![7; LARGE]).await.is_err());
    assert!(writer.write(&vec![7; LARGE]).await.is_err());
    assert!(writer.finish().await.is_err());
    assert!(blobs.list(A).await?.is_empty());
    Ok(())
}
