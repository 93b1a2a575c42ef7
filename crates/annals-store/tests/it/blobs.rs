//! What is particular to blobs in a directory, and to how they are named.

use std::fs::{self, File};
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use annals_store::contract::Outcome;
use annals_store::{AccountId, BlobError, BlobKey, Blobs};
use bytes::Bytes;
use object_store::memory::InMemory;
use proptest::prelude::*;

use crate::sqlite::directory;

const A: AccountId = AccountId(1);

fn key(name: &str) -> BlobKey {
    BlobKey::Segment { account: A, name: name.into() }
}

fn file(path: &Path, bytes: &[u8]) -> Outcome {
    fs::create_dir_all(path.parent().ok_or("no parent")?)?;
    Ok(File::create(path)?.write_all(bytes)?)
}

/// The files of an account's segments.
fn files(dir: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir.join("1/segments"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

#[tokio::test]
async fn the_directory_is_made_for_its_owner_and_used_again() -> Outcome {
    let directory = directory();
    let dir = directory.path().join("a/blobs");
    Blobs::local(&dir)?.put(&key("name"), Bytes::from_static(b"bytes")).await?;
    assert_eq!(dir.metadata()?.permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read(dir.join("1/segments/name"))?, b"bytes");

    for blobs in [Blobs::local(&dir)?, Blobs::local_beside(&dir)?] {
        assert_eq!(blobs.read(&key("name"), &[1..3, 4..5]).await?, [b"yt".as_slice(), b"s"]);
    }
    Ok(())
}

#[test]
fn files_are_synced() -> Outcome {
    // The library does it only on demand, and no test can pull the plug.
    let directory = directory();
    for blobs in [Blobs::local(directory.path())?, Blobs::local_beside(directory.path())?] {
        assert!(format!("{blobs:?}").contains("fsync: true"), "{blobs:?}");
    }
    Ok(())
}

#[test]
fn a_place_that_cannot_hold_blobs_is_named() -> Outcome {
    let directory = directory();
    let taken = directory.path().join("taken");
    file(&taken, b"")?;
    for opened in [Blobs::local(&taken), Blobs::local_beside(&directory.path().join("missing"))] {
        let error = opened.err().ok_or("it was opened")?;
        assert!(matches!(error, BlobError::Unavailable { .. }), "{error}");
        assert!(error.to_string().contains(&directory.path().display().to_string()), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn what_a_crash_left_is_swept_and_nothing_else() -> Outcome {
    let directory = directory();
    let dir = directory.path();
    let segments = dir.join("1/segments");
    for left in ["name#1", "name#27", "other.v1#0"] {
        file(&segments.join(left), b"half")?;
    }
    let kept = ["Notes#1", "name", "name#", "name#1x", "notes", "x#y#1"];
    for kept in kept {
        file(&segments.join(kept), b"whole")?;
    }
    let elsewhere = ["name#1", "1/name#1", "1/other/name#1", "01/segments/name#1", "notes/segments/name#1"];
    for path in elsewhere {
        file(&dir.join(path), b"somebody's")?;
    }
    file(&dir.join("2"), b"not a directory")?;
    fs::create_dir(dir.join("3"))?;

    let beside = Blobs::local_beside(dir)?;
    assert_eq!(beside.list(A).await?.len(), 2, "nobody sees what is not finished");
    assert_eq!(files(dir)?.len(), 9, "somebody may be writing");

    let blobs = Blobs::local(dir)?;
    assert_eq!(files(dir)?, kept);
    assert!(elsewhere.iter().all(|path| dir.join(path).exists()));
    let listed: Vec<_> = blobs.list(A).await?.into_iter().map(|listed| listed.key).collect();
    assert_eq!(listed, [key("name"), key("notes")]);
    Ok(())
}

#[tokio::test]
async fn a_writer_that_is_given_up_leaves_no_file() -> Outcome {
    let directory = directory();
    let blobs = Blobs::local(directory.path())?;
    let mut writer = blobs.writer(&key("name"));
    writer.write(&vec![7; 20 << 20]).await?;
    assert_eq!(files(directory.path())?, ["name#1"]);
    writer.abort().await;
    assert!(files(directory.path())?.is_empty());

    let mut writer = blobs.writer(&key("name"));
    writer.write(&vec![7; 20 << 20]).await?;
    drop(writer);
    // The file goes as soon as some other thread gets to it.
    while !files(directory.path())?.is_empty() {
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_corrupt() -> Outcome {
    let directory = directory();
    let blobs = Blobs::local(directory.path())?;
    blobs.put(&key("name"), Bytes::from(vec![7; 1_000])).await?;
    File::options().write(true).open(directory.path().join("1/segments/name"))?.set_len(999)?;
    let answer = blobs.read(&key("name"), &[0..10, 990..1_000]).await;
    assert!(matches!(&answer, Err(BlobError::Corrupt { .. })), "{answer:?}");
    let text = answer.err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(
        text,
        "a blob is damaged, it should have the bytes 990..1000, but its length is 999: 1/segments/name"
    );

    let again = blobs.put(&key("name"), Bytes::from(vec![7; 1_000])).await;
    assert!(matches!(again, Err(BlobError::Corrupt { .. })), "{again:?}");
    Ok(())
}

proptest! {
    #[test]
    fn keys_are_found_again_by_their_paths(id in 0..=AccountId::MAX.0, name in "[a-z0-9-][a-z0-9.-]{0,127}") {
        let key = BlobKey::Segment { account: AccountId(id), name: name.clone() };
        prop_assert_eq!(key.to_string(), format!("{id}/segments/{name}"));
        prop_assert_eq!(BlobKey::parse(&key.to_string()), Some(key));
    }

    #[test]
    fn a_path_has_one_spelling(path in "[0-9+]{0,8}/?(segments)?/[a-zA-Z0-9.#/%-]{0,5}") {
        if let Some(key) = BlobKey::parse(&path) {
            prop_assert_eq!(key.to_string(), path);
        }
    }

    #[test]
    fn any_ranges_are_answered_or_refused_the_same_everywhere(
        length in 0_u64..200,
        ranges in prop::collection::vec((0_u64..220, 0_u64..30), 0..8),
    ) {
        let bytes: Bytes = (0..length).map(|byte| byte.to_le_bytes()[0]).collect();
        let ranges: Vec<_> = ranges.into_iter().map(|(start, length)| start..start + length).collect();
        let expected = expected(&bytes, &ranges);
        let directory = directory();
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(async {
            let local = Blobs::local(directory.path()).map_err(|error| TestCaseError::fail(error.to_string()))?;
            for blobs in [local, Blobs::over(Arc::new(InMemory::new()))] {
                let put = blobs.put(&key("name"), bytes.clone()).await;
                prop_assert!(put.is_ok(), "{put:?}");
                match (blobs.read(&key("name"), &ranges).await, &expected) {
                    (Ok(read), Some(expected)) => prop_assert_eq!(&read, expected),
                    (Err(BlobError::Corrupt { .. }), None) => {}
                    (answer, _) => prop_assert!(false, "{:?} for {:?} of {}", answer, ranges, length),
                }
            }
            Ok(())
        })?;
    }
}

/// The bytes in some ranges, if there are such.
fn expected(bytes: &Bytes, ranges: &[Range<u64>]) -> Option<Vec<Bytes>> {
    let slice = |range: &Range<u64>| {
        let range = usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?;
        if range.is_empty() { Some(Bytes::new()) } else { bytes.get(range).map(Bytes::copy_from_slice) }
    };
    ranges.iter().map(slice).collect()
}
