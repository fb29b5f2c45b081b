"""Options that commands share."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from policycortex.audit.chain import NO_ORGANIZATION
from policycortex.names import DEFAULT_ORGANIZATION, CrosswalkEdition
from policycortex.settings import Settings

Command = Callable[..., Any]

_ORGANIZATION: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

FOLDER: Final = click.Path(path_type=Path)


def home_option(command: Command) -> Command:
    """``--home``."""
    text = "Folder of all state; default: POLICYCORTEX_HOME, else ./var."
    return click.option("--home", type=FOLDER, default=None, help=text, callback=_checked_home)(command)


def _checked_home(context: click.Context, _option: click.Parameter, home: Path | None) -> Path | None:
    """Refuse data of a newer program before the command writes anything. Raises ConfigurationError.

    A command that works on a served API by its URL has no data of its own.
    """
    if home is None and context.params.get("url"):
        return None
    from policycortex.workflow.versions import require_known_versions

    require_known_versions(Settings.from_environment(home=home))
    return home


def org_option(command: Command) -> Command:
    """``--org``."""
    return click.option(
        "--org", default=DEFAULT_ORGANIZATION, show_default=True, callback=_organization, help="The organisation."
    )(command)


def chain_option(command: Command) -> Command:
    """``--org`` of commands on the audit log, which also has a chain of requests without an organisation."""
    text = f"The organisation; {NO_ORGANIZATION} for refused requests that name none."
    return click.option(
        "--org", default=DEFAULT_ORGANIZATION, show_default=True, callback=_organization_or_none, help=text
    )(command)


def _organization_or_none(context: click.Context, option: click.Parameter, name: str) -> str:
    return name if name == NO_ORGANIZATION else _organization(context, option, name)


def crosswalk_option(command: Command) -> Command:
    """``--crosswalk``."""
    return click.option(
        "--crosswalk",
        type=click.Choice([edition.value for edition in CrosswalkEdition]),
        default=None,
        help="Relations of checks to requirements: reviewed, or as the scanner has them; default: reviewed.",
    )(command)


def _organization(_context: click.Context, _option: click.Parameter, name: str) -> str:
    # The name becomes part of partition keys and folder names, where other characters have a special meaning.
    if not _ORGANIZATION.fullmatch(name):
        raise click.BadParameter(
            f"{name!r} is not an organisation: use at most 63 of a-z, 0-9, - and _, with a letter or digit first"
        )
    return name
