"""The user's table of accounts: the environment of each account, used where no tag gives one, and its groups.

A YAML file: one mapping, ``"123456789012": production``, or with groups
``"123456789012": {environment: production, groups: [Retail], organization: acme}``. Ids must be quoted: unquoted
digits lose leading zeros.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from policycortex.errors import ConfigurationError

ACCOUNT_TABLE: Final = "accounts.yaml"
"""Name of the file in the home."""

_FIELDS: Final = {"environment", "groups", "organization"}


def load_account_environments(path: Path) -> dict[str, str]:
    """``account id -> environment`` from ``path``; empty if the file is absent.

    Raises ConfigurationError that names the entry to correct.
    """
    entries = _load_entries(path)
    return {
        account: entry["environment"].strip().lower() for account, entry in entries.items() if "environment" in entry
    }


def load_account_groups(path: Path, organization: str) -> dict[str, tuple[str, ...]]:
    """``group -> account ids``, both sorted, of the accounts that are of this organisation or of none.

    Names that differ in upper and lower case only are one group. Empty if the file is absent; raises as
    ``load_account_environments``.
    """
    members: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for account, entry in _load_entries(path).items():
        if entry.get("organization", organization) != organization:
            continue
        for group in entry.get("groups", ()):
            name = names.setdefault(group.strip().casefold(), group.strip())
            members.setdefault(name, set()).add(account)
    return {name: tuple(sorted(members[name])) for name in sorted(members, key=str.casefold)}


def _load_entries(path: Path) -> dict[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    try:
        table = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not valid YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(table, dict):
        raise ConfigurationError(
            f'{path} must be a mapping of account to environment, such as "123456789012": production'
        )
    entries = {account: {"environment": each} if isinstance(each, str) else each for account, each in table.items()}
    for account, entry in entries.items():
        if not isinstance(account, str) or not _is_entry(entry):
            raise ConfigurationError(
                f'{path}: entry {account!r} must be written as "{account}": environment, id in quotes, or with groups'
                f' as "{account}": {{environment: production, groups: [Retail]}}'
            )
    return entries


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, Mapping) or not entry or not _FIELDS.issuperset(entry):
        return False
    groups = entry.get("groups", [])
    words = [entry[name] for name in ("environment", "organization") if name in entry]
    return isinstance(groups, list) and all(isinstance(each, str) and each.strip() for each in (*words, *groups))
