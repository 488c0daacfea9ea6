"""Runnable studies: one file a question; TOML files say only what differs from the defaults."""
