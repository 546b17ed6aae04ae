-- Specs, failures and the job stay where they are; what claims and results touch is moved.
WITH old AS (
    SELECT seq FROM jobs WHERE NOT archived AND state >= 3 AND finished_ms < $1 ORDER BY seq LIMIT $2
), moved AS (
    DELETE FROM tasks t USING old WHERE t.job = old.seq RETURNING t.*
), kept AS (
    INSERT INTO archived_tasks SELECT * FROM moved
)
UPDATE jobs j SET archived = true FROM old WHERE j.seq = old.seq
