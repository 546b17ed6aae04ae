SELECT f.job, f.n, f.epoch, f.worker, f.fault, f.code, f.field, f.message, f.hint
FROM unnest($1::bigint[]) AS i (job) JOIN failures f ON f.job = i.job
ORDER BY f.job, f.n, f.epoch
