SELECT reap($1::int4)
