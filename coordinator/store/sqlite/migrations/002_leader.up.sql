-- Who leads: one row. until_ms is Unix time by the database's clock. Terms go on from those of the table meta.
CREATE TABLE leader (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    holder   TEXT NOT NULL,
    term     INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
);
INSERT INTO leader (one, holder, term, until_ms)
VALUES (1, '', COALESCE((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'term'), 0), 0);
DELETE FROM meta WHERE key = 'term';
