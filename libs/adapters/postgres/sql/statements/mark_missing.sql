SELECT mark_missing($1::uuid[], $2::int2[])
