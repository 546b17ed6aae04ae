SELECT role, name, tenant, used_by, expires_ms <= CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)
FROM invitations WHERE secret_hash = ?1
