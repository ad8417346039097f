"""Yibiao (一表): departmental reports in, one validated grassroots dataset out."""

__version__ = "0.1.0"
