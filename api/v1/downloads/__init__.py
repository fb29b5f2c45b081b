"""Downloads of report files, signatures and bundles, with ranges and digests.

No file is made here. Files are made by runs, through ``policycortex.workflow.reports``.
"""
