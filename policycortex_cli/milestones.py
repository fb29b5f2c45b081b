"""``policycortex milestones``: state, complete and replace milestones of plans of action, and list them."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policycortex.settings import Settings
from policycortex_cli.approvals import actor_of, by_option, opened_registry, role_option
from policycortex_cli.audit_records import record_event
from policycortex_cli.options import home_option, org_option

if TYPE_CHECKING:
    from policycortex.documents.milestones import StatedMilestone

Command = Callable[..., Any]


@click.group()
def milestones() -> None:
    """Steps of the items of plans of action, which the plans show."""


def _shared_options(command: Command) -> Command:
    for option in (home_option, org_option, by_option, role_option):
        command = option(command)
    return command


@milestones.command("add")
@click.argument("item")
@click.argument("text")
@click.option("--due", required=True, metavar="DAY", help="The day by which it is to be done, 2026-12-31.")
@click.option("--framework", help="The framework of the item's requirement; not for a weakness.")
@_shared_options
def add(*, item: str, text: str, due: str, framework: str | None, **given: Any) -> None:  # noqa: ANN401 - options
    """Add a milestone to ITEM (POAM-00012/CC6.1), or to all items of a weakness (POAM-00012); print its id."""
    _state({"item": item, "text": text, "due_on": due, "framework": framework}, **given)


@milestones.command("complete")
@click.argument("milestone_id")
@click.argument("text")
@click.option("--on", "done", metavar="DAY", help="The day on which it was done; default: today, UTC.")
@_shared_options
def complete(*, milestone_id: str, text: str, done: str | None, **given: Any) -> None:  # noqa: ANN401 - options
    """State that a milestone was completed, and what was done; print the statement's id."""
    _state({"completes": milestone_id, "text": text, "done_on": done}, **given)


@milestones.command("replace")
@click.argument("milestone_id")
@click.argument("text")
@click.option("--due", required=True, metavar="DAY", help="The new day by which it is to be done.")
@_shared_options
def replace(*, milestone_id: str, text: str, due: str, **given: Any) -> None:  # noqa: ANN401 - options
    """Replace a milestone by another text or day; print the new one's id."""
    _state({"replaces": milestone_id, "text": text, "due_on": due}, **given)


def _state(body: dict[str, str | None], *, role: str | None, by: str | None, org: str, home: Path | None) -> None:
    from policycortex.reports.poam_items import write_item
    from policycortex.requests.milestone_body import parse_milestone
    from policycortex.storage.known_frameworks import frameworks_of
    from policycortex.workflow.state_milestone import state_milestone

    settings, now = Settings.from_environment(home=home), datetime.now(UTC)
    given_body = {name: value for name, value in (body | {"role": role}).items() if value is not None}
    with opened_registry(settings) as registry:
        given = parse_milestone(given_body, now=now, frameworks=frameworks_of(settings, registry, org))
        actor = actor_of(registry, by, org)
        name = actor if by is None else registry.keys.get_key(actor).name
        made = state_milestone(settings, registry, org, given, by=actor, name=name, now=now)
        named = {
            "by": actor,
            "item": write_item(made.number, made.requirement),
            "framework": made.framework,
            "change": made.change,
            "earlier": made.earlier,
        }
        details = {key: value for key, value in named.items() if value is not None}
        record_event(registry, org, "milestone_created", made.id, details)
    print(made.id)


@milestones.command("list")
@click.option("--item", help="Only milestones of this item, or of a weakness and all its items.")
@org_option
@home_option
def list_(item: str | None, org: str, home: Path | None) -> None:
    """List milestones, newest first: id, time, item, what is to be done or was done, and author."""
    from policycortex.requests.milestone_body import split_item
    from policycortex.storage.registry.milestones import MilestoneFilter

    number, requirement = split_item(item)
    if item is not None and number is None:
        raise click.BadParameter("must be a number such as POAM-00012/CC6.1 or POAM-00012", param_hint="--item")
    with opened_registry(Settings.from_environment(home=home)) as registry:
        found = registry.milestones.list_milestones(org, MilestoneFilter(number=number, requirement=requirement))
    for each in found:
        print(_line(each))


def _line(stated: "StatedMilestone") -> str:
    from policycortex.reports.poam_items import write_item

    item = write_item(stated.number, stated.requirement)
    place = item if stated.framework is None else f"{stated.framework} {item}"
    change = "" if stated.change is None else f"{stated.change.value} {stated.earlier}  "
    day = f"done {stated.done_on}" if stated.done_on else f"due {stated.due_on}"
    return f"{stated.id}  {stated.made_at:%Y-%m-%dT%H:%MZ}  {place}  {change}{day}  {stated.signature}  {stated.text}"
