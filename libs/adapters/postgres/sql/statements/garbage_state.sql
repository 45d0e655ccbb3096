SELECT now_ms(), wal_timeline(), s.thawed_timeline,
       (SELECT count(*) FROM object WHERE state = 0 AND expires < now()),
       (SELECT count(*) FROM object WHERE state = 1 AND nbind = 0),
       (SELECT count(*) FROM object WHERE state = 2 AND expires < now()),
       q.bodies, q.bytes, (extract(epoch FROM q.since) * 1000)::int8,
       (SELECT count(*) FROM body WHERE state = 3),
       (SELECT count(*) FROM swept WHERE NOT confirmed),
       (SELECT (extract(epoch FROM r.asked) * 1000)::int8 FROM collector_request r)
FROM site_self s, (
  SELECT count(*) AS bodies, coalesce(sum(stored_bytes(b)), 0)::int8 AS bytes, min(g.since) AS since
  FROM (SELECT body_id, min(since) AS since FROM garbage GROUP BY body_id) g JOIN body b ON b.body_id = g.body_id AND b.state = 1) q
