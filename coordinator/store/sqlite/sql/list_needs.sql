SELECT n, needs FROM task_needs WHERE job = ?1 ORDER BY n, needs
