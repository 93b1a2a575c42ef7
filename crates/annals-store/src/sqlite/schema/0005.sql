-- A row of `head` is a chunk: one or more entries that follow each other, at the key of the last of them. `leaves`: 32 bytes
-- each. `rows`: the length of each but the last, 4 bytes little-endian, then what is stored of each. A chunk of one entry is
-- what a row was before.
ALTER TABLE head RENAME COLUMN leaf TO leaves;
ALTER TABLE head RENAME COLUMN row TO rows;
