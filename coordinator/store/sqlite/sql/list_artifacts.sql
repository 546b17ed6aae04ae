SELECT n, role, sha256, size FROM artifacts WHERE job = ?1 ORDER BY n, role
