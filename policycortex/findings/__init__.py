"""Findings: their model, the detection of a file's format, and the normalisation of scanner values.

No database and no judgement. Storing goes to ``policycortex.storage.lake``, judging against a framework to
``policycortex.scoring``.
"""
