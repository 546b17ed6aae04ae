SELECT i.ord, b.size FROM unnest($2::text[]) WITH ORDINALITY AS i (sha256, ord)
JOIN blobs b ON b.tenant = $1 AND b.sha256 = i.sha256
