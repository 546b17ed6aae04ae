-- The first committed result is the recipe's result.
INSERT INTO cache (tenant, recipe, role, sha256, size, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
