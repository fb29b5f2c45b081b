"""Definition metadata of tables for the UI: name, grain and columns, read from the SQL files that create the tables."""

import re
from functools import cache
from typing import Any

import dagster as dg

from pipelines.columns import describe_column
from policycortex.storage.lake.session import sql

_TABLE = re.compile(
    r"-- (?P<grain>[^\n]*(?:\n-- [^\n]*)*)\nCREATE TABLE IF NOT EXISTS lake\.(?P<name>[\w.]+) \((?P<columns>[^;]*)\);"
)


def table_metadata(key: dg.AssetKey) -> dict[str, Any]:
    """Definition metadata of the asset whose table is ``lake.<layer>.<noun>``. Raises KeyError where there is none."""
    table = ".".join(key.path)
    grain, columns = _tables()[table]
    shown = [dg.TableColumn(name=name, type=kind, description=describe_column(table, name)) for name, kind in columns]
    schema = dg.TableSchema(columns=shown)
    return {"dagster/table_name": f"lake.{table}", "dagster/column_schema": schema, "grain": grain}


def columns_of(table: str) -> frozenset[str]:
    """Names of the columns of ``<layer>.<noun>``. Raises KeyError where there is no such table."""
    return frozenset(name for name, _ in _tables()[table][1])


@cache
def _tables() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    found = {}
    for table in _TABLE.finditer(sql("schema") + sql("analytics_schema") + sql("schema_version_9")):
        columns = [column.split(maxsplit=1) for column in table["columns"].split(",")]
        found[table["name"]] = (table["grain"].replace("\n-- ", " "), [(name, kind.strip()) for name, kind in columns])
    return found
