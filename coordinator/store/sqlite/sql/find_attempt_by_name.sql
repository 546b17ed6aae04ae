SELECT t.state, t.job FROM tasks t JOIN jobs j ON j.seq = t.job
WHERE t.epoch = ?1 AND t.epoch > 0 AND t.worker = ?2 AND t.cached = 0 AND t.state IN (3, 4)
  AND j.job_id || '.' || t.n = ?3
