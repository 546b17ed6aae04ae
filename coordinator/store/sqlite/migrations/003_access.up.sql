-- Invitations (one-time tokens, by the hash of their secret) and the audit log. Times: Unix milliseconds by the
-- database's clock.
CREATE TABLE invitations (
    secret_hash TEXT PRIMARY KEY,
    role        TEXT NOT NULL CHECK (role IN ('worker', 'producer', 'viewer', 'admin')),
    name        TEXT NOT NULL,
    tenant      TEXT NOT NULL,
    expires_ms  INTEGER NOT NULL,
    used_by     TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms   INTEGER NOT NULL,
    name    TEXT NOT NULL,
    key     TEXT NOT NULL,
    tenant  TEXT NOT NULL,
    address TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at_ms);

-- Grows with each change of an identity, so that a coordinator need not read all of them to see that nothing changed.
INSERT INTO meta (key, value) VALUES ('identities', '0');
CREATE TRIGGER identities_added AFTER INSERT ON identities BEGIN
    UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'identities';
END;
CREATE TRIGGER identities_changed AFTER UPDATE ON identities BEGIN
    UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'identities';
END;
