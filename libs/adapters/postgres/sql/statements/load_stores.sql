SELECT store_id, addr, domain, state, weight FROM store ORDER BY store_id
