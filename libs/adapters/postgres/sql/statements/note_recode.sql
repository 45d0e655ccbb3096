-- Bodies may be as wide as before, or as they will be. Its time is a token: no two changes have the same.
INSERT INTO recode (bucket, changed, n, m) VALUES ($1::int4, clock_timestamp(), $2::int2, $3::int2)
ON CONFLICT (bucket) DO UPDATE SET changed = greatest(excluded.changed, recode.changed + interval '1 ms'),
  n = greatest(recode.n, excluded.n), m = least(recode.m, excluded.m), bodies = NULL, bytes = NULL
