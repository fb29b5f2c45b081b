"""Trivy's records: their typed model and check ids, and what each kind of record means as a finding.

Recognising and reading files is in ``policycortex.findings.formats.trivy``; other formats do not import this package.
"""
