UPDATE bucket SET k = $2::int2, m = $3::int2, w = $4::int2 WHERE bucket = $1::int4
