"""Findings: their model, the formats that are read, and the normalisation of scanner values.

No database and no scores. Storing goes to ``policycortex.storage.lake``, assessment against a framework to
``policycortex.scoring``.
"""
