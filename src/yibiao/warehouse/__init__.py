"""The warehouse: the only room that opens `warehouse.duckdb`, and the releases that come out of it.

Nothing is imported here: whoever reads a release (`yibiao why`) needs nothing of the run that made it.
"""
