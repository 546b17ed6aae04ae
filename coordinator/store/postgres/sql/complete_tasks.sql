-- The one predicate that accepts a result, and all that follows from it: dependants become ready, the job ends.
WITH item AS (
    SELECT * FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[])
        WITH ORDINALITY AS i (job, n, epoch, worker, fingerprint, outputs, now_ms, ord)
), accepted AS (
    UPDATE tasks t SET state = 4, fingerprint = i.fingerprint, outputs = i.outputs::jsonb
    FROM item i WHERE t.job = i.job AND t.n = i.n AND t.epoch = i.epoch AND t.worker = i.worker AND t.state = 3
    RETURNING i.ord, i.job, i.n, i.now_ms
), ended AS (
    SELECT job, array_agg(n) AS ns, count(*)::int AS tasks, max(now_ms) AS now_ms FROM accepted GROUP BY job
), released AS (
    UPDATE tasks t SET waiting = t.waiting - f.needs,
                       state = CASE WHEN t.waiting = f.needs AND t.state = 1 THEN 2 ELSE t.state END
    FROM (SELECT b.job, b.n, count(*)::int AS needs
          FROM ended e JOIN tasks b ON b.job = e.job AND b.waiting > 0 CROSS JOIN unnest(b.needs) AS need
          WHERE need = ANY (e.ns) GROUP BY b.job, b.n) f
    WHERE t.job = f.job AND t.n = f.n
), counted AS (
    UPDATE jobs j SET unfinished = j.unfinished - e.tasks,
                      state = CASE WHEN j.unfinished = e.tasks THEN 3 ELSE 2 END,
                      finished_ms = CASE WHEN j.unfinished = e.tasks THEN e.now_ms ELSE j.finished_ms END
    FROM ended e WHERE j.seq = e.job
)
SELECT ord FROM accepted
