SELECT advance_floor()
