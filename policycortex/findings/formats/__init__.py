"""Findings formats, one module each: a module that defines ``FORMAT`` is a format, found by ``registry``.

A format module recognises and parses its files and states what one scan covers. Rules that hold for several formats go
to ``policycortex.findings.normalize``, the reading of bytes to ``policycortex.findings.reading``.
"""
