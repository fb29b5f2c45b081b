"""Trends and risk over a year of 100,000 findings a day, beside a month of them."""
