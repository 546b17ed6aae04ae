SELECT role, sha256, size FROM cache WHERE tenant = ?1 AND recipe = ?2 ORDER BY role
