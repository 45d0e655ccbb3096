SELECT store_id, addr, domain, state, weight, start FROM store ORDER BY store_id
