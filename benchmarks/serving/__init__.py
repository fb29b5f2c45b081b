"""A whole installation: start, idle memory, one small report, a hundred at once."""
