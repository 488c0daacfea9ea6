"""The report of a study: one HTML page that needs nothing beside itself, its figures as files, and its table in a notebook."""
