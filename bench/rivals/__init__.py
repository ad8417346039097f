"""What others would write for the same work: programs of their own, each run in a process of its own."""
