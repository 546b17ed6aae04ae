SELECT t.state, t.job FROM jobs j JOIN all_tasks t ON t.job = j.seq
WHERE j.job_id = $1 AND t.n = $2 AND t.epoch = $3 AND t.epoch > 0 AND t.worker = $4 AND t.state IN (3, 4)
  AND NOT t.cached
