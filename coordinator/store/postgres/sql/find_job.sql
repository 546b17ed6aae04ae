SELECT j.seq, j.tenant, r.owner, j.job_id, j.kind, j.state, r.prompt, r.resolved_json, r.request_digest, j.created_ms,
       j.finished_ms, j.cached, j.error_code, j.error_field, j.error_message, j.error_hint
FROM jobs j JOIN job_requests r USING (seq) WHERE j.job_id = $2 AND j.tenant = $1
