-- With the version of the map in the same snapshot: what is kept of them is as new as it says.
SELECT s.store_id, s.domain, s.weight, m.version FROM cluster_map m, store s
