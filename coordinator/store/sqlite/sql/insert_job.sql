INSERT INTO jobs (tenant, owner, job_id, kind, state, prompt, resolved_json, request_digest, created_ms, finished_ms, cached)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
