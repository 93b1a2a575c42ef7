-- For how long the entries of an account are kept, such as '24 months'; for ever if it is NULL.
ALTER TABLE accounts ADD COLUMN retention TEXT;

-- What keeps entries from retention and erasure. `filter`: the query of a list.
CREATE TABLE holds (
    account INTEGER NOT NULL,
    token TEXT NOT NULL,
    filter TEXT NOT NULL,
    reason TEXT NOT NULL,
    placed_us INTEGER NOT NULL,
    released_us INTEGER,
    PRIMARY KEY (account, token)
) STRICT, WITHOUT ROWID;
