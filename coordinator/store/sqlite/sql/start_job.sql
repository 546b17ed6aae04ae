UPDATE jobs SET state = 2 WHERE seq = ?1 AND state = 1
