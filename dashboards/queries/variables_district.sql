SELECT district AS __value, name_LANG AS __text FROM dashboards.district ORDER BY 2
