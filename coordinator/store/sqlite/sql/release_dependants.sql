UPDATE tasks SET waiting = waiting - 1
WHERE job = ?1 AND n IN (SELECT n FROM task_needs WHERE job = ?1 AND needs = ?2)
