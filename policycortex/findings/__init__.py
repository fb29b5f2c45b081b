"""Findings: their model, the formats that are read, and the normalisation of scanner values.

No database and no judgement. Storing goes to ``policycortex.storage.lake``, judging against a framework to
``policycortex.scoring``.
"""
