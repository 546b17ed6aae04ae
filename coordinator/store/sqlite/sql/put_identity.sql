INSERT INTO identities (public_key, role, name, tenant, revoked, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (public_key) DO UPDATE SET role = ?2, name = ?3, tenant = ?4, revoked = ?5
