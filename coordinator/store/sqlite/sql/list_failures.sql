SELECT n, epoch, worker, fault, code, field, message, hint FROM failures WHERE job = ?1 ORDER BY n, epoch
