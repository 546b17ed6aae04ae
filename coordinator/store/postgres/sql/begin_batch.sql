-- The term check of every write: locks the leader row until the transaction ends. No row: the term is over.
UPDATE leader SET batch = $2 WHERE one AND term = $1 RETURNING batch
