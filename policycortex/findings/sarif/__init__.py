"""The fields of SARIF that are read, typed.

In: field types. Not here: what they mean for a finding, which is in ``formats.sarif``.
"""
