"""A home aged to a year by rows and files, and ten minutes of load on it: ``make soak``."""
