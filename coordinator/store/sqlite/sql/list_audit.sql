SELECT at_ms, name, key, tenant, address, action, subject, outcome
FROM (SELECT * FROM audit WHERE at_ms >= ?1 ORDER BY seq DESC LIMIT ?2) ORDER BY seq
