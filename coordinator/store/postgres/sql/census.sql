-- Text, not prepared: it is the query of a cursor.
SELECT sha256 COLLATE "C", max(size), bool_or(owned), bool_or(output), bool_or(cached) FROM (
    SELECT sha256, size, true AS owned, false AS output, false AS cached FROM blobs
    UNION ALL SELECT o ->> 1, (o ->> 2)::bigint, false, true, false FROM all_tasks, jsonb_array_elements(outputs) o
    UNION ALL SELECT o ->> 1, (o ->> 2)::bigint, false, false, true FROM cache, jsonb_array_elements(outputs) o) every
GROUP BY 1 ORDER BY 1
