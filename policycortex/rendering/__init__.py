"""From a report document to the bytes of PDF, HTML, Excel, CSV, JSON, Word, OSCAL, Parquet and OCSF files.

No calculation and no choice of words. Both go to ``policycortex.reports``; passwords and signatures go to
``policycortex.security``.
"""
