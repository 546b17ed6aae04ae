-- Epochs grow, so a grant can only move forward; a task that is done, failed or cancelled is not granted.
UPDATE tasks SET state = 3, epoch = ?3, worker = ?4, incarnation = ?5, losses = ?6, attempts = attempts + 1
WHERE job = ?1 AND n = ?2 AND state IN (2, 3) AND epoch < ?3
