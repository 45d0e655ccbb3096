SELECT site_id, now_ms(), floor_hlc, max_age_ms, skew_ms, drift_ms FROM site_self
