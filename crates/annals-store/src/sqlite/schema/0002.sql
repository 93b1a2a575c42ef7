-- Immutable blobs that hold the oldest entries of logs: those with indexes from `first` to before `end`. Those of an
-- account leave no gaps; what is left, from the greatest `end` on, is the head. The table `head` may still have copies of
-- entries before it.
CREATE TABLE segments (
    account INTEGER NOT NULL,
    first INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    name TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    footer_bytes INTEGER NOT NULL,
    PRIMARY KEY (account, "end")
) STRICT, WITHOUT ROWID;

-- Who does work that one at a time does, and until when.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
