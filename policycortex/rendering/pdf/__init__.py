"""PDF files: the designed pages, the annex of findings, the merge of both, and watermarks.

No encryption and no signature. Those go to ``policycortex.security``; the pages' markup goes to ``templates/``.
"""
