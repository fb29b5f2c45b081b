"""Findings formats, one module each: how the format is recognised, and its parser.

No rule that holds for several formats. Such rules go to ``policycortex.findings.normalize``, the reading of bytes to
``policycortex.findings.reading``.
"""
