"""From bytes to JSON records: unpacking, splitting, and resynchronising after damage, in bounded memory.

Nothing here knows what a record means. Fields and their values are read in ``policycortex.findings.formats``.
"""
