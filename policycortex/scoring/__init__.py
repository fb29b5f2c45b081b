"""Scores and statistics as pure functions: results, scores, risk, trends, causes of change, ages and waivers.

No I/O and no clock. Rows are read in ``policycortex.storage.lake``, and words for readers are chosen in
``policycortex.reports``.
"""
