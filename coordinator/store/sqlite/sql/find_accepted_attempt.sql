SELECT 1 FROM tasks WHERE job = ?1 AND n = ?2 AND epoch = ?3 AND worker = ?4 AND state = 4 AND cached = 0
