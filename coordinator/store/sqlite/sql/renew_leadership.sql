UPDATE leader SET until_ms = CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER) + ?2 WHERE term = ?1
