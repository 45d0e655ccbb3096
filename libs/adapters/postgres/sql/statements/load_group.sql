SELECT pg, ver, stores, mstate, prev FROM pgroup WHERE pg = $1::int2
