"""One file of OCSF findings into columns: this product, DuckDB's own reader, Python's own parser."""
