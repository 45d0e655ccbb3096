SELECT encoding_id, n FROM list_retired(make_interval(secs => $1::int8 / 1000.0), $2::int4)
