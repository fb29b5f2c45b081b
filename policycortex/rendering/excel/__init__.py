"""Excel workbooks: sheets, tables, filters and formats.

No number is calculated here. Numbers come from ``policycortex.reports``; encryption goes to
``policycortex.security``.
"""
