-- Back from the archive.
WITH moved AS (DELETE FROM archived_tasks WHERE job = $1 RETURNING *)
INSERT INTO tasks SELECT * FROM moved
