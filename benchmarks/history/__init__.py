"""Reports over 30 days, with more history before them, and with more findings in scope."""
