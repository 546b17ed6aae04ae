DELETE FROM audit WHERE seq <= (SELECT max(seq) FROM audit) - ?1
