WITH job AS (
    INSERT INTO jobs (tenant, job_id, kind, state, unfinished, created_ms, finished_ms, cached)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING seq
), request AS (
    INSERT INTO job_requests (seq, owner, prompt, resolved_json, request_digest)
    SELECT seq, $9::text, $10::text, $11::text, $12::text FROM job
)
SELECT seq FROM job
