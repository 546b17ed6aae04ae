SELECT to_regclass('leader') IS NOT NULL
