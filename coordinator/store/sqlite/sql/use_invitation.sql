UPDATE invitations SET used_by = ?2 WHERE secret_hash = ?1
