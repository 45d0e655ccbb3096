SELECT pg, ver, stores, mstate, prev FROM pgroup ORDER BY pg
