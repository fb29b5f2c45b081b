"""A whole installation at work: start-up, idle memory, one small report, a burst of a hundred."""
