INSERT INTO audit (at_ms, name, key, tenant, address, action, subject, outcome)
VALUES (CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER), ?1, ?2, ?3, ?4, ?5, ?6, ?7)
