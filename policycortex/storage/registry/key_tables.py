"""Table of API keys and of people who sign in without one.

The lineage of a key: the keys that are one person's, before and after rotations.
"""

from typing import Final

from sqlalchemy import Column, ColumnElement, ForeignKey, Select, String, Table, Text, func, select

from policycortex.storage.registry.base import JsonColumn, UtcDateTime, metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("scopes", JsonColumn, nullable=False),
    Column("networks", JsonColumn, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Column("subject", String(200), unique=True),  # a person who signs in without a key; NULL: a key
    Column("lineage", String(32)),  # id of the first key it descends from by rotation; NULL: it is the first
)

LINEAGE: Final = func.coalesce(api_keys.c.lineage, api_keys.c.id)
"""Id of the first key that a key descends from, itself included."""


def same_lineage(key_id: str | ColumnElement[str]) -> Select[tuple[str]]:
    """Ids of all keys that are this key before or after a rotation, itself included; none for an unknown id."""
    wanted = select(LINEAGE).where(api_keys.c.id == key_id).scalar_subquery()
    other = api_keys.alias()
    return select(other.c.id).where(func.coalesce(other.c.lineage, other.c.id) == wanted)
