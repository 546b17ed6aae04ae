SELECT holder, term, max(0, until_ms - CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)) FROM leader
