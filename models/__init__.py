"""Ready circuits: each file's function of the physiology returns a Circuit."""
