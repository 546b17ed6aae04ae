UPDATE tasks SET state = $4, losses = $5 WHERE job = $1 AND n = $2 AND epoch = $3 AND state = 3
