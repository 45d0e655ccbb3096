SELECT groups_checked($1::int2[], $2::int8[])
