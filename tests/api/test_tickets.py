"""Tickets over HTTP and at the command line: listed, filtered, shown with their steps, retried by an admin."""

import secrets
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner

from policycortex.names import Severity, TicketStepKind
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.ticket_rows import NewStep, NewTicket, TicketChange, TicketRow
from policycortex_cli.app import app
from tests.support.api_server import ApiServer
from tests.support.empty_homes import write_empty_registry
from tests.support.ledger import NOW

CREATE = NewStep(kind=TicketStepKind.CREATE, content={"title": "T", "paragraphs": ["long text"], "facts": []})
COMMENT = NewStep(kind=TicketStepKind.COMMENT, content={"paragraphs": ["waived"]})


def _failed(registry: Registry, organization: str, board: str) -> TicketRow:
    """A ticket whose creation was refused; a comment waits for it."""
    new = NewTicket(number=12, marker=board, severity=Severity.HIGH, title="[POAM-00012] c1 (aws acc)")
    change = TicketChange(number=12, new=new, is_wanted_open=True, waived="x", steps=(CREATE, COMMENT))
    assert registry.tickets.apply_change(organization, board, change, None, now=NOW)
    row = registry.tickets.list_by_number(organization, board)[12]
    while (step := registry.tickets.claim_step(now=NOW, lease=timedelta(days=9000))) is not None:
        if step.ticket_id == row.id:
            registry.tickets.settle_failed(step, "Jira answered with status 400: no such project", now=NOW)
            return registry.tickets.get_ticket(organization, row.id)
    raise AssertionError("the step was not due")


def test_tickets_are_listed_and_retried(server: ApiServer) -> None:
    """A reader sees tickets with their steps; only an admin retries, once, and the trail tells it."""
    board = f"board-{secrets.token_hex(4)}"
    row = _failed(server.registry, server.organization, board)
    reader, admin = server.client(scopes=["reports:read"]), server.client(scopes=["admin"])
    for filters, total in (({}, 1), ({"failed": "true"}, 1), ({"failed": "false"}, 0), ({"state": "closed"}, 0)):
        listed = reader.get("/v1/tickets", params={"connection": board, **filters}).json()
        assert listed["pagination"]["total"] == total
    shown = reader.get(f"/v1/tickets/{row.id}").json()
    assert (shown["weakness"], shown["state"], shown["name"], shown["failed_steps"]) == ("POAM-00012", "open", None, 1)
    steps = [(step["kind"], step["status"], step["paragraphs"]) for step in shown["steps"]]
    assert steps == [("create", "failed", []), ("comment", "pending", ["waived"])]
    assert "no such project" in shown["steps"][0]["answer"]
    assert reader.post(f"/v1/tickets/{row.id}/retry").status_code == 403
    assert admin.post(f"/v1/tickets/{row.id}/retry").json()["failed_steps"] == 0
    assert admin.post(f"/v1/tickets/{row.id}/retry").status_code == 409
    assert admin.get("/v1/tickets/tkt_0").status_code == 404
    records = admin.get("/v1/audit-trail", params={"action": "ticket_retried"}).json()["records"]
    assert row.id in {record["subject"] for record in records}


def test_tickets_are_listed_and_retried_at_the_command_line(tmp_path: Path) -> None:
    """``list`` says why a step failed; ``retry`` lets it wait again; ``sync`` without rules has nothing to do."""
    write_empty_registry(tmp_path)
    with closing(open_registry(Settings(home=tmp_path))) as registry:
        row = _failed(registry, "default", "board")

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["tickets", *arguments, "--home", str(tmp_path)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    first, second = run("list", "--failed").splitlines()
    assert first == f"{row.id}  failed  board  -  [POAM-00012] c1 (aws acc)"
    assert second == "    create failed: Jira answered with status 400: no such project"
    assert run("retry", row.id).startswith(f"{row.id}  waits")
    assert run("list", "--failed") == ""
    assert run("sync").endswith("0 tickets changed, 0 steps done\n")
