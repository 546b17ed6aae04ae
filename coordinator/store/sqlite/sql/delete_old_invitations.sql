-- A month is long enough to tell somebody that a token is too old.
DELETE FROM invitations WHERE expires_ms < CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER) - 2592000000
