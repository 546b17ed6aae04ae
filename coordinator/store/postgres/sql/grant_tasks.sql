-- Epochs grow, so a grant can only move forward; a task that is done, failed or cancelled is not granted.
WITH item AS (
    SELECT * FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::int[])
        WITH ORDINALITY AS i (job, n, epoch, worker, incarnation, losses, ord)
), granted AS (
    UPDATE tasks t SET state = 3, epoch = i.epoch, worker = i.worker, incarnation = i.incarnation, losses = i.losses,
                       attempts = t.attempts + 1
    FROM item i WHERE t.job = i.job AND t.n = i.n AND t.state IN (2, 3) AND t.epoch < i.epoch
    RETURNING i.ord, i.job
), started AS (
    UPDATE jobs j SET state = 2 FROM (SELECT DISTINCT job FROM granted) g WHERE j.seq = g.job AND j.state = 1
)
SELECT ord FROM granted
