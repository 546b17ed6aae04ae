-- Free when nobody's time runs; whoever led under this name before takes it back at once, with a new term.
UPDATE leader SET holder = ?1, term = term + 1,
       until_ms = CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER) + ?2
WHERE holder = ?1 OR until_ms < CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)
