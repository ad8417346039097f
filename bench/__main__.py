"""`python -m bench` is `python bench/main.py`."""

from bench.main import main

main()
