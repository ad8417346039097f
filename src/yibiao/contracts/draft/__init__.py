"""Drafts contracts from sample files, and says what a change of a contract breaks."""
