"""A whole installation beside the version before: start, rest, orders, many at once."""
