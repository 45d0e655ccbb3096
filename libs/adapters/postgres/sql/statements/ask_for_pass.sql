INSERT INTO collector_request (asked) VALUES (clock_timestamp()) ON CONFLICT (one) DO UPDATE SET asked = excluded.asked
