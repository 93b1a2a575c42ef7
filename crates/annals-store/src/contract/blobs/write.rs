//! How blobs appear and go.

use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::{assert_corrupt, assert_missing, bytes, key, whole};
use crate::blobs::{BlobError, BlobKey, Blobs, Listed, PART_BYTES};
use crate::contract::Outcome;
use crate::model::AccountId;

/// Whoever does not know whether a blob was stored stores it again.
pub async fn the_same_bytes_may_be_put_twice(blobs: &Blobs) -> Outcome {
    let key = key(1, "name");
    for _ in 0..3 {
        blobs.put(&key, bytes(1_000)).await?;
        assert_eq!(whole(blobs, &key, 1_000).await?, bytes(1_000));
    }
    assert_eq!(blobs.list(AccountId(1)).await?.len(), 1);
    Ok(())
}

/// A blob never changes.
pub async fn other_bytes_under_a_key_are_corrupt(blobs: &Blobs) -> Outcome {
    let key = key(1, "name");
    blobs.put(&key, bytes(1_000)).await?;
    let mut other = bytes(1_000).to_vec();
    other[999] ^= 1;
    for other in [Bytes::new(), bytes(999), bytes(1_001), other.into()] {
        assert_corrupt(&blobs.put(&key, other.clone()).await, &key, "it holds other bytes");
        let mut writer = blobs.writer(&key);
        writer.write(&other).await?;
        assert_corrupt(&writer.finish().await, &key, "it holds other bytes");
        assert_eq!(whole(blobs, &key, 1_000).await?, bytes(1_000));
    }
    Ok(())
}

/// They do not get in each other's way, and no reader sees a part.
pub async fn concurrent_puts_of_the_same_bytes_succeed(blobs: &Blobs) -> Outcome {
    let mut putters = JoinSet::new();
    for _ in 0..8 {
        let blobs = blobs.clone();
        putters.spawn(async move {
            let key = key(1, "name");
            blobs.put(&key, bytes(100_000)).await?;
            assert!(whole(&blobs, &key, 100_000).await? == bytes(100_000));
            Ok::<_, BlobError>(())
        });
    }
    while let Some(done) = putters.join_next().await {
        done??;
    }
    Ok(())
}

/// What could not be found again by listing is never stored.
pub async fn a_name_that_cannot_be_is_refused(blobs: &Blobs) -> Outcome {
    let large: Arc<[u8]> = vec![0; PART_BYTES + 1].into();
    for name in ["", ".", "..", ".hidden", "a/b", "../2/segments/a", "Name", "a#1", "a b", &"x".repeat(129)] {
        let key = key(1, name);
        let refused = blobs.put(&key, bytes(1)).await;
        assert!(matches!(refused, Err(BlobError::Unavailable { .. })), "{name:?}: {refused:?}");
        assert!(blobs.writer(&key).write(&large).await.is_err(), "{name:?}");
    }
    assert!(blobs.put(&key(AccountId::MAX.0 + 1, "name"), bytes(1)).await.is_err());
    for account in [1, 2] {
        assert!(blobs.list(AccountId(account)).await?.is_empty());
    }
    blobs.put(&key(AccountId::MAX.0, &"x".repeat(128)), bytes(1)).await?;
    assert_eq!(blobs.list(AccountId::MAX).await?.len(), 1);
    Ok(())
}

/// A list names each blob with its length.
pub async fn blobs_are_listed_by_name(blobs: &Blobs) -> Outcome {
    assert!(blobs.list(AccountId(1)).await?.is_empty());
    let mut expected: Vec<_> = (0..50_usize)
        .map(|number| Listed { key: key(1, &format!("{:x}.v1", number * 7_919 % 257)), bytes: number as u64 })
        .collect();
    for Listed { key, bytes: length } in &expected {
        blobs.put(key, bytes(usize::try_from(*length)?)).await?;
    }
    expected.sort_by_key(|listed| listed.key.to_string());
    assert_eq!(blobs.list(AccountId(1)).await?, expected);
    Ok(())
}

/// Accounts may use the same name, and no list shows what is another's.
pub async fn blobs_of_accounts_are_apart(blobs: &Blobs) -> Outcome {
    let ids = [0, 1, 10, 11, AccountId::MAX.0];
    for id in ids {
        blobs.put(&key(id, "name"), Bytes::from(id.to_string())).await?;
    }
    for id in ids {
        let text = id.to_string();
        let listed = Listed { key: key(id, "name"), bytes: text.len() as u64 };
        assert_eq!(blobs.list(AccountId(id)).await?, [listed]);
        assert_eq!(whole(blobs, &key(id, "name"), text.len()).await?, text);
    }
    blobs.delete(&key(1, "name")).await?;
    for id in ids {
        assert_eq!(blobs.list(AccountId(id)).await?.len(), usize::from(id != 1));
    }
    Ok(())
}

/// Deleting can be repeated, and the key is as free as if it had never been used.
pub async fn a_deleted_blob_is_gone(blobs: &Blobs) -> Outcome {
    let key = key(1, "name");
    blobs.delete(&key).await?;
    for length in [10, 20] {
        blobs.put(&key, bytes(length)).await?;
        for _ in 0..2 {
            blobs.delete(&key).await?;
            assert_missing(&whole(blobs, &key, length).await);
            assert!(blobs.list(AccountId(1)).await?.is_empty());
        }
    }
    Ok(())
}

async fn write(blobs: &Blobs, key: &BlobKey, length: usize, piece: usize) -> Result<(), BlobError> {
    let mut writer = blobs.writer(key);
    for piece in bytes(length).chunks(piece) {
        writer.write(piece).await?;
    }
    writer.finish().await
}

/// However a blob is cut into pieces, it is the same blob, around the length of a part and beyond.
pub async fn blobs_are_written_in_pieces(blobs: &Blobs) -> Outcome {
    let (part, many) = (PART_BYTES, 4 * PART_BYTES + 12_345);
    for (number, (length, piece)) in [
        (0, 1),
        (1, 1),
        (part - 1, part),
        (part, 1 << 20),
        (part + 1, part),
        (2 * part, part),
        (many, 999_983),
        (many, many),
    ]
    .into_iter()
    .enumerate()
    {
        let key = key(1, &format!("n{number}"));
        write(blobs, &key, length, piece).await?;
        assert!(whole(blobs, &key, length).await? == bytes(length), "{length} bytes by {piece}");
        assert_corrupt(&whole(blobs, &key, length + 1).await, &key, &length.to_string());
    }
    Ok(())
}

/// Nobody sees a blob before it is finished, nor one that was given up, and its key stays free.
pub async fn a_blob_appears_whole_or_not_at_all(blobs: &Blobs) -> Outcome {
    for length in [100, 3 * PART_BYTES] {
        let key = key(1, &format!("of-{length}"));
        let unseen = async || {
            assert_missing(&whole(blobs, &key, length).await);
            assert!(!blobs.list(AccountId(1)).await?.iter().any(|listed| listed.key == key));
            Ok::<_, BlobError>(())
        };
        for abort in [true, false] {
            let mut writer = blobs.writer(&key);
            writer.write(&bytes(length)).await?;
            unseen().await?;
            if abort {
                writer.abort().await;
            } else {
                drop(writer);
            }
            unseen().await?;
        }
        write(blobs, &key, length, 1_000_000).await?;
        assert!(whole(blobs, &key, length).await? == bytes(length));
    }
    Ok(())
}

/// Whoever does not know whether a large blob was finished writes it again.
pub async fn a_large_blob_may_be_written_twice(blobs: &Blobs) -> Outcome {
    let key = key(1, "name");
    for _ in 0..2 {
        write(blobs, &key, PART_BYTES + 5, 3_000_000).await?;
        assert!(whole(blobs, &key, PART_BYTES + 5).await? == bytes(PART_BYTES + 5));
    }
    assert_eq!(blobs.list(AccountId(1)).await?.len(), 1);
    Ok(())
}
