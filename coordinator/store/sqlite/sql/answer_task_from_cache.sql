UPDATE tasks SET state = 4, epoch = ?3, worker = '', incarnation = '', fingerprint = ?4, cached = 1, losses = ?5
WHERE job = ?1 AND n = ?2 AND state IN (2, 3) AND epoch < ?3
