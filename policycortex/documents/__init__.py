"""A report as content, before any file format: every number and sentence that a reader sees.

No layout, no markup, no database. Layout goes to ``policycortex.rendering``, queries to ``policycortex.storage``.
"""
