INSERT INTO identities (public_key, role, name, tenant, revoked, created_ms)
VALUES (?1, ?2, ?3, ?4, 0, CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER))
RETURNING created_ms
