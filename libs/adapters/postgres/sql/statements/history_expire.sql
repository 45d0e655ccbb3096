SELECT history_expire($1::int4)
