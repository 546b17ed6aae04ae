UPDATE jobs SET state = 1, archived = false, finished_ms = 0, error_code = 0, error_field = '', error_message = '', error_hint = ''
WHERE seq = $1 AND state IN (4, 5)
