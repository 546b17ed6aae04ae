UPDATE tasks SET state = CASE WHEN waiting = 0 THEN 2 ELSE 1 END, losses = 0 WHERE job = $1 AND state IN (5, 6)
