"""Import, judging and a report of findings of 300 accounts."""
