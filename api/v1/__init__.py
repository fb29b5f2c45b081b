"""Endpoints by noun: each package holds routes, schemas and presenters.

No code that two nouns share. Shared code goes to ``api.platform``, rules go to ``policycortex``.
"""
