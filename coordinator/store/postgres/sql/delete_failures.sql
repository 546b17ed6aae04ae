DELETE FROM failures WHERE job = $1
