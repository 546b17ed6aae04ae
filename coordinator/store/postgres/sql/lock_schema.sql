-- One program migrates at a time; the number is this project's own ("LoopMind" in ASCII).
SELECT pg_advisory_xact_lock(5507743397423181412)
