"""OCSF records: their typed model, and the rules for status and severity.

Recognising and parsing files is in ``policycortex.findings.formats.ocsf``; other formats do not import this package.
"""
