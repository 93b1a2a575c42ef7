-- Times are microseconds since the Unix epoch. The account leads every key.

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    token TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    default_workspace TEXT
) STRICT;

-- The state of each log that its next append needs; `size` is what appends compare and swap.
CREATE TABLE trees (
    account INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    edge BLOB NOT NULL,
    clock_us INTEGER NOT NULL
) STRICT;

-- Entries, at key = account * 2^40 + index. The leaf comes first: a long row continues on pages of its own.
CREATE TABLE head (
    key INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL,
    row BLOB NOT NULL
) STRICT;

-- What a retry is recognised by. `indexes`: 8 bytes each, little-endian.
CREATE TABLE request_keys (
    account INTEGER NOT NULL,
    key BLOB NOT NULL,
    content BLOB NOT NULL,
    indexes BLOB NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX request_keys_by_time ON request_keys (at_us);

CREATE TABLE workspaces (
    account INTEGER NOT NULL,
    token TEXT NOT NULL,
    name TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    PRIMARY KEY (account, token)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    account INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    removed_us INTEGER,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

-- Personal tokens have a user_id, service tokens none. `scopes`: a bit each for read, write, import.
CREATE TABLE tokens (
    account INTEGER NOT NULL,
    id TEXT NOT NULL,
    number INTEGER NOT NULL,
    user_id INTEGER,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    scopes INTEGER NOT NULL,
    role TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    expires_us INTEGER,
    revoked_us INTEGER,
    last_used_us INTEGER,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

-- Short-lived tokens issued to the holder of `token_id`, and ended with it.
CREATE TABLE grants (
    hash BLOB PRIMARY KEY,
    account INTEGER NOT NULL,
    token_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    scopes INTEGER NOT NULL,
    role TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    expires_us INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_by_expiry ON grants (expires_us);
