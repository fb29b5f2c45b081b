"""The user's table of accounts: the environment of each account, used where no tag gives one. A YAML file."""

from pathlib import Path

import yaml

from policycortex.errors import ConfigurationError


def load_account_environments(path: Path) -> dict[str, str]:
    """``account id -> environment`` from ``path``; empty if the file is absent.

    The file is one YAML mapping, ``"123456789012": production``. Ids must be quoted: unquoted digits lose leading
    zeros. Raises ConfigurationError that names the entry to correct.
    """
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
    for account, environment in table.items():
        if not isinstance(account, str) or not isinstance(environment, str) or not environment.strip():
            raise ConfigurationError(
                f'{path}: entry {account!r} must be written as "{account}": environment, id in quotes'
            )
    return {account: environment.strip().lower() for account, environment in table.items()}
