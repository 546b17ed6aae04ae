WITH change AS (
    UPDATE meta SET value = (value::bigint + 1)::text WHERE key = 'identities'
)
UPDATE identities SET revoked = true WHERE public_key = $1 AND NOT revoked
