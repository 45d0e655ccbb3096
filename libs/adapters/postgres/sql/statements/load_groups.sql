SELECT g.pg, g.ver, g.stores, g.mstate, g.prev, (SELECT version FROM cluster_map)
FROM unnest($1::int2[]) u(pg) JOIN pgroup g ON g.pg = u.pg
