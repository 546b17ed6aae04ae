UPDATE tasks SET state = 6 WHERE job = $1 AND state IN (1, 2, 3)
