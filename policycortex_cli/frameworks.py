"""``policycortex frameworks``: checks, adds and lists the installation's own frameworks, files of one folder."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from policycortex.errors import ConflictError, NotFoundError, RequestError
from policycortex.settings import Settings
from policycortex_cli.options import home_option, org_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policycortex.frameworks.model import Framework

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def frameworks() -> None:
    """Frameworks that reports assess."""


@frameworks.command("add")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_FILE)
@click.option("--id", "framework_id", default=None, help="Id of the framework, where the file has none.")
@click.option("--replace", is_flag=True, help="Replace a framework of the folder with the same id.")
@home_option
def add(files: tuple[Path, ...], framework_id: str | None, replace: bool, home: Path | None) -> None:
    """Add framework files to the folder and rescore past days: YAML or JSON, Prowler's JSON, OSCAL catalogs."""
    from policycortex.workflow.custom_frameworks import add_framework, would_replace

    settings = Settings.from_environment(home=home)
    if framework_id is not None and len(files) > 1:
        raise RequestError("--id names one framework; add the files one by one")
    for file in files:
        if not replace and (known := would_replace(settings, file, framework_id)):
            raise ConflictError(f"{known} exists already; --replace replaces it by {file.name}")
        path, added = add_framework(settings, file, framework_id)
        print(f"{added.id}: {len(added.requirements)} requirements, version {added.version or 'none'}, in {path}")
    _rescore(settings)


@frameworks.command("validate")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_FILE)
@home_option
def validate(files: tuple[Path, ...], home: Path | None) -> None:
    """Check framework files without adding them; prints every problem of a file."""
    from policycortex.workflow.custom_frameworks import check_framework

    settings = Settings.from_environment(home=home)
    for file in files:
        framework = check_framework(settings, file, None)
        print(f"{file}: {framework.id}, {len(framework.requirements)} requirements")


@frameworks.command("list")
@org_option
@home_option
def list_(org: str, home: Path | None) -> None:
    """Built-in frameworks, those of the folder, and the organisation's uploads, one per line."""
    with _known(Settings.from_environment(home=home), org) as known:
        for framework in known.values():
            kind = "built in" if framework.is_builtin else "custom"
            print(f"{framework.id}  {len(framework.requirements)} requirements  {kind}  {framework.name}")


@frameworks.command("show")
@click.argument("framework_id")
@org_option
@home_option
def show(framework_id: str, org: str, home: Path | None) -> None:
    """Print one framework in the product's own format, as a file that can be changed and added."""
    from policycortex.frameworks.reading import write_framework

    with _known(Settings.from_environment(home=home), org) as known:
        if framework_id not in known:
            raise NotFoundError(f"no framework {framework_id!r}; 'policycortex frameworks list' shows all")
        sys.stdout.write(write_framework(known[framework_id]).decode())


@frameworks.command("relations")
@click.argument("framework_id")
@click.option("--requirement", default=None, help="Only of this requirement, in any of its spellings.")
@org_option
@home_option
def relations(framework_id: str, requirement: str | None, org: str, home: Path | None) -> None:
    """Print every relation of the reviewed edition: requirement, check, strength and reason, tab-separated."""
    from policycortex.frameworks.strengths import all_relations

    with _known(Settings.from_environment(home=home), org) as known:
        if framework_id not in known:
            raise NotFoundError(f"no framework {framework_id!r}; 'policycortex frameworks list' shows all")
        framework = known[framework_id]
    wanted = None if requirement is None else framework.requirement_by_spelling().get(requirement.casefold())
    if requirement is not None and wanted is None:
        raise NotFoundError(f"no requirement {requirement!r} in {framework_id}")
    order = {each.id: number for number, each in enumerate(framework.requirements)}
    rows = sorted(all_relations(framework), key=lambda row: (order[row[2]], row[0], row[1]))
    for provider, check_id, requirement_id, relation in rows:
        if wanted in (None, requirement_id):
            print(requirement_id, f"{provider}/{check_id}", relation.strength.value, relation.reason, sep="\t")


@frameworks.command("profiles")
@click.argument("framework_id")
@org_option
@home_option
def profiles(framework_id: str, org: str, home: Path | None) -> None:
    """Print the profiles that an attestation can name: id, number of requirements, title, tab-separated."""
    from policycortex.frameworks.profiles import load_profiles

    with _known(Settings.from_environment(home=home), org) as known:
        if framework_id not in known:
            raise NotFoundError(f"no framework {framework_id!r}; 'policycortex frameworks list' shows all")
        framework = known[framework_id]
    for profile in load_profiles(framework_id).values():
        print(profile.id, len(profile.requirement_ids(framework)), profile.title, sep="\t")


@frameworks.command("rescore")
@home_option
def rescore(home: Path | None) -> None:
    """Assess again the days whose scores used other versions of frameworks, or whose figures an upgrade removed."""
    _rescore(Settings.from_environment(home=home))


def _rescore(settings: Settings) -> None:
    from policycortex.storage.lake.catalog import catalog_path
    from policycortex.workflow.analytics_days import load_unbuilt_days, rebuild_analytics
    from policycortex.workflow.posture import rescore_days

    if not settings.database_url and not catalog_path(settings).exists():
        return  # no findings yet: do not create a lake
    scores = rescore_days(settings, progress=lambda line: print(line, file=sys.stderr))
    if unbuilt := load_unbuilt_days(settings):
        print(f"computing risk and changes of {len(unbuilt)} days", file=sys.stderr)
        rebuild_analytics(settings, unbuilt)
    print(f"rescored {len({(score.organization, score.day) for score in scores})} days")


@contextmanager
def _known(settings: Settings, organization: str) -> "Iterator[Mapping[str, Framework]]":
    from policycortex.frameworks.catalog import load_frameworks
    from policycortex.storage.known_frameworks import frameworks_of
    from policycortex.storage.registry import open_registry

    if not settings.database_url and not os.path.lexists(settings.home):
        yield load_frameworks(settings.custom_frameworks_dir)
        return
    with closing(open_registry(settings)) as registry:
        yield frameworks_of(settings, registry, organization)
