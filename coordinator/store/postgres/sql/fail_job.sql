UPDATE jobs SET state = 4, finished_ms = $2, error_code = $3, error_field = $4, error_message = $5, error_hint = $6
WHERE seq = $1 AND state IN (1, 2)
