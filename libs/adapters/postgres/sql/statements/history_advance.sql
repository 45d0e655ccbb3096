SELECT history_advance()::text
