"""Sample data for tests and pictures: findings, lakes, documents, deliveries and signed files.

Nothing here starts a server or asserts. Servers go into the package above, and samples that the product ships
into ``policycortex.findings``.
"""
