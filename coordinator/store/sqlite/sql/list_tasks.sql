SELECT n, kind, stem, variation, state, epoch, worker, incarnation, fingerprint, spec_json, cached, attempts, losses
FROM tasks WHERE job = ?1 ORDER BY n
