"""Measurements of the running program; `make bench` runs them, no test depends on them."""
