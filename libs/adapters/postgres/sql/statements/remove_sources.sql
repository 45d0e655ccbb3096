-- Sources of a rehome that were proven covered (I11). Their bodies stay for the hold: insurance against a faulty merger. What a
-- writer is pruning is passed over: it goes with the writer's commit, and waiting for it could end in a deadlock.
WITH covered AS MATERIALIZED (
  SELECT e.ctid AS row
  FROM unnest($2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::uuid[], $7::uuid[]) s(lo, hi, hlc, wid, body_id, from_object)
  JOIN extent e ON e.object_id = $1::uuid AND e.cls = span_class(s.hi - s.lo) AND e.lo = s.lo AND e.hi = s.hi AND e.hlc = s.hlc
       AND e.wid = s.wid AND e.body_id IS NOT DISTINCT FROM s.body_id AND e.from_object IS NOT DISTINCT FROM s.from_object
  FOR UPDATE OF e SKIP LOCKED),
gone AS (
  DELETE FROM extent e USING covered WHERE e.ctid = covered.row RETURNING e.body_id)
INSERT INTO garbage (body_id, since)
SELECT body_id, clock_timestamp() + (SELECT rehome_hold FROM site_self) FROM gone WHERE body_id IS NOT NULL GROUP BY body_id
