"""Files by key and digest, in a folder or a bucket: finished reports, and the landing zone.

No knowledge of what a file holds. Content is read in ``policycortex.findings`` and made in
``policycortex.rendering``.
"""
