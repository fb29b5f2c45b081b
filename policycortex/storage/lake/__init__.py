"""The DuckLake of findings and daily results: sessions, transactions, imports, and queries in ``sql/*.sql``.

No other package opens DuckDB. SQL counts here; the decisions on those counts go to ``policycortex.scoring``.
"""
