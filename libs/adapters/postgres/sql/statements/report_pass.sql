INSERT INTO collector_pass (kind, ended, took_ms, trouble, what, counts)
VALUES ($1::text, clock_timestamp(), $2::int8, $3::text, $4::text[], $5::int8[])
ON CONFLICT (kind) DO UPDATE SET ended = excluded.ended, took_ms = excluded.took_ms, trouble = excluded.trouble, what = excluded.what,
  counts = excluded.counts
