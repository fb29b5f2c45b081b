"""Options that commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from policycortex.names import DEFAULT_ORGANIZATION

Command = Callable[..., Any]

FOLDER: Final = click.Path(path_type=Path)


def home_option(command: Command) -> Command:
    """``--home``."""
    told = "Folder of all state; default: POLICYCORTEX_HOME, else ./var."
    return click.option("--home", type=FOLDER, default=None, help=told)(command)


def org_option(command: Command) -> Command:
    """``--org``."""
    return click.option("--org", default=DEFAULT_ORGANIZATION, show_default=True, help="Whose data it is.")(command)
