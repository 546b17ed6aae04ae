INSERT INTO invitations (secret_hash, role, name, tenant, expires_ms)
VALUES (?1, ?2, ?3, ?4, CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER) + ?5)
