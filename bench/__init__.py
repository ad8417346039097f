"""Measurements: `python -m bench`, and `python -m bench.soak`."""
