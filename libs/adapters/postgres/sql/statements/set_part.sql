SELECT set_part($1::int4, $2::uuid, $3::int4, $4::uuid, $5::int8, $6::bytea)
