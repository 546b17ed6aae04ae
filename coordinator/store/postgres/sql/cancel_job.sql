UPDATE jobs SET state = 5, finished_ms = $2 WHERE seq = $1 AND state IN (1, 2)
