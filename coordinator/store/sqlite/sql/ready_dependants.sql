UPDATE tasks SET state = 2 WHERE job = ?1 AND state = 1 AND waiting = 0
