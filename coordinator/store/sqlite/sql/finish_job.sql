UPDATE jobs SET state = 3, finished_ms = ?2
WHERE seq = ?1 AND state IN (1, 2) AND NOT EXISTS (SELECT 1 FROM tasks WHERE job = ?1 AND state <> 4)
