//! Databases with older schemas.

use annals_format::Timestamp;
use annals_store::contract::Outcome;
use annals_store::{Catalog, OpenError};
use annals_tlog::{Edge, leaf_hash};
use rusqlite::Connection;

use super::{A, directory, file, grow, open, refusal, seal};

const FIRST: &str = include_str!("../../../src/sqlite/schema/0001.sql");

/// Makes a database as the first version left it, with two entries and one of everything.
fn first(path: &std::path::Path) -> Outcome {
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL")?;
    connection.execute_batch(FIRST)?;
    connection.execute_batch(
        "PRAGMA application_id = 0x616E6E6C;
         PRAGMA user_version = 1;
         INSERT INTO accounts VALUES (1, 'acct_a', 'A', 1, 'w');
         INSERT INTO workspaces VALUES (1, 'w', 'W', 1);
         INSERT INTO users VALUES (1, 1, 'U', 'owner', 1, NULL);
         INSERT INTO tokens VALUES (1, 'tkn_t', 1, NULL, 'T', zeroblob(32), 7, 'owner', 1, NULL, NULL, NULL);
         INSERT INTO grants VALUES (x'01', 1, 'tkn_t', 1, 'G', 1, 'owner', 1, 5);
         INSERT INTO request_keys VALUES (1, zeroblob(32), zeroblob(32), zeroblob(8), 7);",
    )?;
    let mut edge = Edge::new();
    for index in 0..2_i64 {
        let leaf = leaf_hash(&index.to_le_bytes());
        edge.push(leaf);
        let row = format!("row {index}").into_bytes();
        connection
            .execute("INSERT INTO head VALUES (?1, ?2, ?3)", ((1_i64 << 40) + index, leaf.as_bytes(), row))?;
    }
    connection.execute("INSERT INTO trees VALUES (1, 2, ?1, 3)", [edge.to_bytes()])?;
    Ok(())
}

#[tokio::test]
async fn a_database_of_the_first_version_keeps_everything() -> Outcome {
    let directory = directory();
    first(&file(&directory))?;
    for _ in 0..2 {
        let catalog = open(&directory);
        assert_eq!(catalog.accounts().await?.len(), 1);
        assert_eq!(catalog.workspaces(A).await?.len(), 1);
        assert_eq!(catalog.users(A).await?.len(), 1);
        assert_eq!(catalog.tokens(A).await?.len(), 1);
        assert_eq!(catalog.recall(A, &[[0; 32]]).await?.iter().flatten().count(), 1);
        let tree = catalog.tree(A).await?;
        assert_eq!((tree.edge.size(), tree.clock), (2, Timestamp::from_us(3)));
        let rows = catalog.rows(A, &[0, 1]).await?;
        assert_eq!(rows, [Some(b"row 0".to_vec()), Some(b"row 1".to_vec())]);
        assert_eq!(catalog.entries(A, 0..9, usize::MAX).await?.len(), 2);
        assert!(catalog.segments(A).await?.is_empty());
    }
    let version: i64 =
        Connection::open(file(&directory))?.query_one("PRAGMA user_version", (), |row| row.get(0))?;
    assert_eq!(version, 5);

    let catalog = open(&directory);
    grow(&catalog, 10).await?;
    catalog.replace_rows(A, vec![(1, b"replaced".into())]).await?;
    let rows = catalog.rows(A, &[2, 1, 0]).await?;
    assert_eq!(rows, [Some(vec![b'x'; 10]), Some(b"replaced".to_vec()), Some(b"row 0".to_vec())]);
    seal(&catalog, "s", 0..2).await?;
    assert_eq!(catalog.forget(Timestamp::from_us(8), Timestamp::from_us(6)).await?, 4);
    assert_eq!(catalog.entries(A, 0..9, usize::MAX).await?.len(), 1);
    Ok(())
}

#[test]
fn a_migration_that_fails_leaves_the_old_schema() -> Outcome {
    let directory = directory();
    first(&file(&directory))?;
    let connection = Connection::open(file(&directory))?;
    // Something that is in the way of the last step of the migration.
    connection.execute_batch("CREATE TABLE leases (x)")?;
    let error = refusal(&file(&directory))?;
    assert!(matches!(error, OpenError::Failed { .. }), "{error}");
    let left: i64 =
        connection
            .query_one("SELECT count(*) FROM sqlite_schema WHERE name = 'segments'", (), |row| row.get(0))?;
    let version: i64 = connection.query_one("PRAGMA user_version", (), |row| row.get(0))?;
    assert_eq!((left, version), (0, 1));

    connection.execute_batch("DROP TABLE leases")?;
    drop(open(&directory));
    Ok(())
}
