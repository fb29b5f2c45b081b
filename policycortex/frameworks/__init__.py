"""Compliance frameworks: their model, the readers of framework files, and the crosswalk from checks to requirements.

No findings and no scores. Scores go to ``policycortex.scoring``, uploaded framework files to
``policycortex.storage.registry``.
"""
