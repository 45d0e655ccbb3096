SELECT (n - k - bit_count(missing::bit(64)))::int2 AS margin, count(*) FROM body
WHERE missing <> 0 AND state = 1 GROUP BY margin
