INSERT INTO blobs (tenant, sha256, size) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
