"""What every report has, before any section and any file format: header, summary, findings table, texts, branding.

No layout, no markup, no database. The content of sections goes to ``policycortex.reports``, layout to
``policycortex.rendering``, queries to ``policycortex.storage``.
"""
