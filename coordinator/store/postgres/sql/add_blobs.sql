INSERT INTO blobs (tenant, sha256, size)
SELECT tenant, sha256, size FROM unnest($1::text[], $2::text[], $3::bigint[]) AS b (tenant, sha256, size)
ON CONFLICT DO NOTHING
