INSERT INTO artifacts (job, n, role, sha256, size) VALUES (?1, ?2, ?3, ?4, ?5)
