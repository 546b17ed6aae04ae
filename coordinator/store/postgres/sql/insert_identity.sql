-- Counting the change first locks the counter: changes become visible in the order of their numbers.
WITH change AS (
    UPDATE meta SET value = (value::bigint + 1)::text WHERE key = 'identities'
)
INSERT INTO identities (public_key, role, name, tenant, revoked, created_ms)
VALUES ($1, $2, $3, $4, false, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
ON CONFLICT (public_key) DO NOTHING
RETURNING created_ms
