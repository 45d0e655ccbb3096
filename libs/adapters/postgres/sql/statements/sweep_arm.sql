SELECT sweep_arm()::text
