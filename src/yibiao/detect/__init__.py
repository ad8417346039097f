"""Understands a file that no contract describes: what kind it is, where its table lies, what its columns hold.

Nothing here decides what enters the dataset: contracts do. Detection drafts contracts, shows a file to a human, and
tells that a delivery is not what its contract says.
"""
