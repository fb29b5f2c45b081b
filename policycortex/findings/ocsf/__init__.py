"""OCSF records: their typed model, the rules for status and severity, and the fast path for large files.

No detection of the format. That stands in ``policycortex.findings.formats``; other formats do not import this
package.
"""
