-- The last committed batch of a term. Waits for a transaction that holds the row, so that the answer is final.
SELECT batch FROM leader WHERE one AND term = $1 FOR UPDATE
