-- The hashes of which the tiles of a log's tree consist, but for level 0, which are the hashes of its leaves: at `level` 1
-- and `position` 0 stands the root of the first 256 leaves, at level 2 that of the first 65,536.
CREATE TABLE tile_hashes (
    account INTEGER NOT NULL,
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (account, level, position)
) STRICT, WITHOUT ROWID;

-- What was last signed of each log.
CREATE TABLE checkpoints (
    account INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note TEXT NOT NULL
) STRICT;

-- Whether anyone may read the tiles and checkpoints of the account's log.
ALTER TABLE accounts ADD COLUMN log_public INTEGER NOT NULL DEFAULT 0;
