-- Who changes it holds the lock of the map: so does who asks.
SELECT b.bucket, b.k, b.m, b.w, s.default_k, s.default_m FROM site_self s, bucket b WHERE b.bucket_id = $1::uuid
