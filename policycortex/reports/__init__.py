"""The report's content, section by section: one module in ``sections`` per section, found by ``registry``.

Here belong the values a section shows, its tables and their columns, and the geometry of its charts. Not here: reading
from storage (``workflow``), and markup or file formats (``rendering`` and the templates).
"""
