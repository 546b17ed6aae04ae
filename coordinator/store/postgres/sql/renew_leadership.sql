UPDATE leader SET until = clock_timestamp() + $2::bigint * interval '1 millisecond' WHERE one AND term = $1 RETURNING term
