-- Free when nobody's time runs; whoever led under this name before takes it back at once, with a new term.
-- clock_timestamp(), not now(): the statement may have waited for the row.
UPDATE leader SET holder = $1, term = term + 1, batch = 0, until = clock_timestamp() + $2::bigint * interval '1 millisecond'
WHERE one AND (holder = $1 OR until < clock_timestamp())
RETURNING term
