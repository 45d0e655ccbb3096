SELECT names_expire($1::int4)
