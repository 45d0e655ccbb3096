INSERT INTO pgroup (pg, ver, stores, mstate, prev) VALUES ($1::int2, $2::int8, $3::int4[], $4::int2[], $5::int4[])
ON CONFLICT (pg) DO UPDATE SET ver = excluded.ver, stores = excluded.stores, mstate = excluded.mstate, prev = excluded.prev,
                               horizon = NULL, checked = NULL
