INSERT INTO invitations (secret_hash, role, name, tenant, expires)
VALUES ($1, $2, $3, $4, clock_timestamp() + $5::bigint * interval '1 millisecond')
