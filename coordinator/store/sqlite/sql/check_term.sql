SELECT 1 FROM leader WHERE term = ?1
