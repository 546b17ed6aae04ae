SELECT t.job, t.n, s.kind, s.stem, s.variation, t.state, t.epoch, t.worker, t.incarnation, t.fingerprint, s.spec_json,
       t.cached, t.attempts, t.losses, t.needs, t.outputs
FROM unnest($1::bigint[]) AS i (job) JOIN all_tasks t ON t.job = i.job JOIN task_specs s ON s.job = t.job AND s.n = t.n
ORDER BY t.job, t.n
