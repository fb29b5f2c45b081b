"""The core: all rules of the product, usable without Dagster, FastAPI or a terminal.

No module here imports a front. Code that starts runs goes to ``pipelines``, HTTP to ``api``, printing to
``policycortex_cli``.
"""
