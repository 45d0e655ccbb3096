-- Where there is no history, names are remembered from now on.
UPDATE bucket SET versioning = $2::int2,
  history_floor_hlc = CASE WHEN history_ms = 0 AND $2::int2 = 1 AND versioning <> 1 THEN now_ms() << 16 ELSE history_floor_hlc END
WHERE bucket = $1::int4
