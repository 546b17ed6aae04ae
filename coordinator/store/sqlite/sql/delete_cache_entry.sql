DELETE FROM cache WHERE tenant = ?1 AND recipe = ?2
