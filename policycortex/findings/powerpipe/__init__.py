"""Rows of Powerpipe's controls: what a row means as a finding, the same for JSON and CSV.

Recognising and reading files is in ``formats.powerpipe_json`` and ``formats.powerpipe_csv``; other formats do not
import this package.
"""
