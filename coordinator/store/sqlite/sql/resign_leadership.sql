UPDATE leader SET until_ms = 0, holder = '' WHERE term = ?1
