-- The row stays locked: of two who redeem it, the second sees what the first did.
SELECT role, name, tenant, used_by, expires <= clock_timestamp() FROM invitations WHERE secret_hash = $1 FOR UPDATE
