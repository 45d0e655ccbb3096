SELECT d.dropped, d.last FROM drop_zeros($1::uuid, $2::int4) d
