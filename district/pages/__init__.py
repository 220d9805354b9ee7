"""Pages for people: the district today, the form, an item. Rendered on the server, in Chinese and English."""
