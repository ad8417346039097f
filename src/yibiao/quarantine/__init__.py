"""Rows kept out of the dataset: listed, sent back to their sender, and taken in again when they come back mended."""
