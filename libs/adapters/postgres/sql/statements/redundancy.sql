SELECT count(*)::int4, count(*) FILTER (WHERE 1 = ANY (mstate) OR cardinality(prev) > 0)::int4,
       count(*) FILTER (WHERE checked IS NULL)::int4, (extract(epoch FROM min(checked)) * 1000)::int8, now_ms(),
       (SELECT count(*) FROM suspect s JOIN body b ON b.pg = pg_of(s.encoding_id) AND b.encoding_id = s.encoding_id AND b.state = 1)
FROM pgroup
