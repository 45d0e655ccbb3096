SELECT purge_mark(make_interval(secs => $1::int8 / 1000.0), $2::int4)
