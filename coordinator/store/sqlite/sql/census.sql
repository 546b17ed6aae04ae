SELECT sha256, max(size), max(owned), max(output), max(cached) FROM (
    SELECT sha256, size, 1 AS owned, 0 AS output, 0 AS cached FROM blobs
    UNION ALL SELECT sha256, size, 0, 1, 0 FROM artifacts
    UNION ALL SELECT sha256, size, 0, 0, 1 FROM cache)
GROUP BY sha256 ORDER BY sha256
