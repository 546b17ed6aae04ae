SELECT public_key, role, name, tenant, revoked, created_ms FROM identities ORDER BY name, public_key
