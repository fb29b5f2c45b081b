"""From bytes to JSON records: decompression, splitting, and finding the next record after damage, in bounded memory.

Nothing here knows what a record means. Fields and their values are read in ``policycortex.findings.formats``.
"""
