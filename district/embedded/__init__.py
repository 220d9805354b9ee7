"""Services for a machine that has none: a PostgreSQL and a broker of our own, stopped by us and kept in one folder."""
