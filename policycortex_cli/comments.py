"""``policycortex comments``: comment on requirements, and list comments."""

from datetime import UTC, datetime
from pathlib import Path

import click

from policycortex.settings import Settings
from policycortex_cli.approvals import actor_of, by_option, opened_registry, role_option
from policycortex_cli.audit_records import record_event
from policycortex_cli.options import home_option, org_option


@click.group()
def comments() -> None:
    """What reviewers say of requirements. Audit reports show it with the option include_comments."""


@comments.command("add")
@click.argument("framework")
@click.argument("requirement")
@click.argument("text")
@click.option("--as-of", metavar="TIME", help="The time it is about, 2026-01-31 or 2026-01-31T12:00:00Z; default: now.")
@role_option
@by_option
@org_option
@home_option
def add(
    *,
    framework: str,
    requirement: str,
    text: str,
    as_of: str | None,
    role: str | None,
    by: str | None,
    org: str,
    home: Path | None,
) -> None:
    """Comment on a requirement of a framework and print the comment's id. It cannot be changed."""
    from policycortex.requests.approval_body import day_as_moment
    from policycortex.requests.comment_body import parse_comment
    from policycortex.storage.known_frameworks import frameworks_of

    settings, now = Settings.from_environment(home=home), datetime.now(UTC)
    body = {"framework": framework, "requirement": requirement, "text": text}
    body |= {"as_of": day_as_moment(as_of, is_end=True)} if as_of else {}
    body |= {"role": role} if role is not None else {}
    with opened_registry(settings) as registry:
        given = parse_comment(body, now=now, frameworks=frameworks_of(settings, registry, org))
        actor = actor_of(registry, by, org)
        made = registry.comments.add_comment(
            org,
            framework=given.framework,
            requirement=given.requirement,
            text=given.text,
            as_of=given.as_of or now,
            by=actor,
            name=actor if by is None else registry.keys.get_key(actor).name,
            role=given.role,
            now=now,
        )
        details = {"by": actor, "framework": made.framework, "requirement": made.requirement}
        record_event(registry, org, "comment_created", made.id, details)
    print(made.id)


@comments.command("list")
@click.option("--framework", help="Only comments on this framework.")
@org_option
@home_option
def list_(framework: str | None, org: str, home: Path | None) -> None:
    """List comments, newest first: id, time, framework, requirement, author and text."""
    from policycortex.storage.registry.comments import CommentFilter

    wanted = CommentFilter(frameworks=None if framework is None else {framework})
    with opened_registry(Settings.from_environment(home=home)) as registry:
        found = registry.comments.list_comments(org, wanted)
    for each in found:
        text = " ".join(each.text.split())
        print(
            f"{each.id}  {each.made_at:%Y-%m-%dT%H:%MZ}  {each.framework} {each.requirement}  {each.signature}  {text}"
        )
