INSERT INTO store (store_id, addr, domain, state, weight, start) VALUES ($1::int4, $2::text, $3::text, $4::int2, $5::float4, $6::text)
ON CONFLICT (store_id) DO UPDATE
SET addr = excluded.addr, domain = excluded.domain, state = excluded.state, weight = excluded.weight, start = excluded.start
