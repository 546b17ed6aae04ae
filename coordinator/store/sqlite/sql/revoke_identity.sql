UPDATE identities SET revoked = 1 WHERE public_key = ?1 AND revoked = 0
