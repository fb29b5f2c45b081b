"""One file of OCSF findings into columns: this product, DuckDB's reader, Python's parser."""
