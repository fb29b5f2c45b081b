"""The content of a report: every value and sentence, its tables and columns, one module in ``sections`` per section.

No query, no markup, no file format. Queries go to ``policycortex.storage``, markup to ``templates/``, file formats to
``policycortex.rendering``.
"""
