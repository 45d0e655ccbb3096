SELECT clear_missing($1::uuid[], $2::int2[], $3::int8[])
