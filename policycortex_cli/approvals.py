"""Commands that waivers and attestations share: approve, revoke, list. Each change is recorded with its actor."""

import getpass
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policycortex.errors import Problem, RequestError
from policycortex.settings import Settings
from policycortex_cli.audit_records import record_event
from policycortex_cli.options import home_option, org_option

if TYPE_CHECKING:
    from policycortex.requests.approval_body import ApproveBody
    from policycortex.scoring.approvals import ApprovalRecord
    from policycortex.storage.registry import Registry
    from policycortex.storage.registry.approvals import ApprovalRepository

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalCommands:
    """The commands of one kind of record."""

    noun: str
    records: "Callable[[Registry], ApprovalRepository[Any]]"
    describe: "Callable[[Any], str]"
    """What a record is about, for the list."""
    approved: "Callable[[Any], Mapping[str, Any]]" = lambda _: {}
    """What the audit log has of an approval beside the actor."""
    approve_body: "Callable[[], type[ApproveBody]] | None" = None
    """The body of an approval that names evidence files; None: approvals name none."""

    def add_to(self, group: click.Group) -> None:
        """Add approve, revoke and list."""
        self._add_change(group, "approve", "approved", f"Approve {self._article} that another person requested.")
        text = f"Revoke {self._article} from now on; it still applies to periods that ended before."
        self._add_change(group, "revoke", "revoked", text)
        self._add_list(group)

    @property
    def _article(self) -> str:
        return f"{'an' if self.noun[0] in 'aeiou' else 'a'} {self.noun}"

    def _add_change(self, group: click.Group, verb: str, done: str, text: str) -> None:
        def change(record_id: str, by: str | None, org: str, home: Path | None, **given: Any) -> None:  # noqa: ANN401
            given = self._checked(given) if verb == "approve" else {}
            with opened_registry(Settings.from_environment(home=home)) as registry:
                act = getattr(self.records(registry), f"{verb}_record")
                record = act(org, record_id, by=actor_of(registry, by, org), now=datetime.now(UTC), **given)
                actor = getattr(record, f"{done}_by")
                details = self.approved(record) if verb == "approve" else {}
                record_event(registry, org, f"{self.noun}_{done}", record.id, {"by": actor, **details})
            print(f"{record.id} {done} by {actor}")

        options = (click.argument("record_id", metavar=f"{self.noun.upper()}_ID"), by_option, org_option, home_option)
        command: Command = change
        approving = (role_option, *((evidence_option,) if self.approve_body else ()))
        for option in reversed((*options, *approving) if verb == "approve" else options):
            command = option(command)
        group.command(verb, help=text)(command)

    def _checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The role, and the evidence files that were seen, as the API checks them."""
        from policycortex.requests.approval_body import ApproveBody, parse_approval

        body = {"role": given["role"], "evidence": list(given.get("evidence", ())) or None}
        model = self.approve_body() if self.approve_body else ApproveBody
        checked = parse_approval({name: value for name, value in body.items() if value is not None}, model)
        return {"role": checked.role, "seen": checked.seen}

    def _add_list(self, group: click.Group) -> None:
        @group.command("list", help=f"List all {self.noun}s, one per line, in the order of their requests.")
        @org_option
        @home_option
        def list_(org: str, home: Path | None) -> None:
            with opened_registry(Settings.from_environment(home=home)) as registry:
                found, now = self.records(registry).list_records(org), datetime.now(UTC)
            for record in found:
                print(self._line(record, now))

    def _line(self, record: "ApprovalRecord", now: datetime) -> str:
        span = f"{record.valid_from:%Y-%m-%dT%H:%MZ} to {record.valid_until:%Y-%m-%dT%H:%MZ}"
        acts = f"by {record.requested_by}" + (f", approved by {record.approved_by}" if record.approved_by else "")
        status, reason = record.status_at(now).value, " ".join(record.reason.split())
        return f"{record.id}  {status:<9}  {span}  {self.describe(record)}  {acts}  {reason}"


def role_option(command: Command) -> Command:
    """``--role``."""
    text = "The role in which the person acts, for example 'Head of IT security'; reports name it."
    return click.option("--role", default=None, metavar="TEXT", help=text)(command)


def evidence_option(command: Command) -> Command:
    """``--evidence``."""
    text = "SHA-256 of an evidence file that the approver has seen; repeat for all. Refused if there are other files."
    return click.option("--evidence", multiple=True, metavar="SHA256", help=text)(command)


def by_option(command: Command) -> Command:
    """``--by``."""
    text = "Id of the acting key (key_...); default: the user of this terminal."
    return click.option("--by", default=None, metavar="KEY_ID", help=text)(command)


def validity_options(command: Command) -> Command:
    """``--reason``, ``--role``, ``--from`` and ``--until``."""
    command = role_option(command)
    command = click.option("--until", required=True, metavar="TIME", help="In the same form; a day counts to its end.")(
        command
    )
    text = "2026-01-31 or 2026-01-31T12:00:00Z; default: now."
    command = click.option("--from", "start", metavar="TIME", help=text)(command)
    return click.option("--reason", required=True, help="Why; auditors read it.")(command)


def validity_body(reason: str, start: str | None, until: str, role: str | None) -> dict[str, Any]:
    """The fields of a request's body."""
    from policycortex.requests.approval_body import day_as_moment

    body: dict[str, Any] = {"reason": reason, "until": day_as_moment(until, is_end=True)}
    body |= {"role": role} if role is not None else {}
    return body | ({"from": day_as_moment(start, is_end=False)} if start else {})


@contextmanager
def opened_registry(settings: Settings) -> "Iterator[Registry]":
    """The registry; closed afterwards."""
    from policycortex.storage.registry import open_registry

    with closing(open_registry(settings)) as registry:
        yield registry


def actor_of(registry: "Registry", by: str | None, organization: str) -> str:
    """The actor: a valid key of the organisation, or the user of the terminal, who differs from every key."""
    if by is None:
        return f"user:{getpass.getuser()}"
    key = registry.keys.get_key(by)
    if key.organization != organization or not key.is_valid_at(datetime.now(UTC)):
        message = f"{by} is not a valid key of organisation {organization}; 'policycortex keys create' makes one"
        raise RequestError(message, details=(Problem(field="--by", message=message),))
    return key.id
