SELECT (extract(epoch FROM at) * 1000)::bigint, name, key, tenant, address, action, subject, outcome
FROM (SELECT * FROM audit WHERE at >= to_timestamp($1::bigint / 1000.0) ORDER BY seq DESC LIMIT $2) newest ORDER BY seq
