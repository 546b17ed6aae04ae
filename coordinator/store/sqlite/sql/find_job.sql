SELECT seq, tenant, owner, job_id, kind, state, prompt, resolved_json, request_digest, created_ms, finished_ms, cached,
       error_code, error_field, error_message, error_hint
FROM jobs WHERE tenant = ?1 AND job_id = ?2
