"""``/v1/frameworks``: list, read and upload frameworks.

No framework file is parsed here. Parsing goes to ``policycortex.frameworks``.
"""
