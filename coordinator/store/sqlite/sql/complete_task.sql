-- The one predicate that accepts a result.
UPDATE tasks SET state = 4, fingerprint = ?5
WHERE job = ?1 AND n = ?2 AND epoch = ?3 AND worker = ?4 AND state = 3
