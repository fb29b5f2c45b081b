"""GitHub: tickets as issues of a repository. A ticket is found by its marker, a comment in its text that is not shown.

Issues are listed, not searched: the search index of GitHub lags behind. The label of all tickets limits the list; a
label for each ticket would fill the labels of the repository.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

from pydantic import Field

from policycortex.channels.connection_settings import Connection, ConnectionLine, SecretReference, secret_of
from policycortex.channels.tracker import COMMON_LABEL, TicketComment, TicketDraft, TicketPlace, TicketText, Tracker
from policycortex.channels.tracker_calls import TrackerCalls
from policycortex.errors import DeliveryRefusedError

_LONGEST_TITLE: Final = 256
_LONGEST_TEXT: Final = 60_000
"""GitHub accepts 65,536 characters."""
_PAGE: Final = 100
_NEXT: Final = re.compile(r'[?&]page=(\d+)[^>]*>;\s*rel="next"')
_VERSION: Final = "2022-11-28"


class GitHubConnection(Connection):
    """A repository, and a token that may write its issues."""

    type: Literal["github"]
    repository: str = Field(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", max_length=200)
    token: SecretReference
    base_url: ConnectionLine = "https://api.github.com"
    labels: tuple[ConnectionLine, ...] = ()
    """On new tickets, beside the one of all tickets."""
    assignees: tuple[ConnectionLine, ...] = ()
    ca_file: str | None = None


def find(connection: GitHubConnection, marker: str) -> TicketPlace | None:
    """The issue whose text has the marker, open or closed. Raises as ``Tracker``."""
    query = {"labels": COMMON_LABEL, "state": "all", "sort": "created", "direction": "desc"}
    for issue in _pages(connection, f"{_path(connection)}/issues", query):
        if "pull_request" not in issue and _marker_text(marker) in (issue.get("body") or ""):
            return _place(connection, issue)
    return None


def create(connection: GitHubConnection, draft: TicketDraft) -> TicketPlace:
    """Create the issue. Raises as ``Tracker``."""
    check(connection)  # for a user who may not set labels GitHub drops them, and the issue could not be found again
    body: dict[str, Any] = {
        "title": " ".join(draft.text.title.split())[:_LONGEST_TITLE],
        "body": f"{_described(draft.text)}\n\n{_marker_text(draft.marker)}",
        "labels": [COMMON_LABEL, *connection.labels],
    }
    if connection.assignees:
        body["assignees"] = [*connection.assignees]
    return _place(connection, _calls(connection).write("POST", f"{_path(connection)}/issues", body))


def has_comment(connection: GitHubConnection, ticket_id: str, marker: str) -> bool:
    """Whether a comment of the issue has the marker. Raises as ``Tracker``."""
    path = f"{_path(connection)}/issues/{quote(ticket_id, safe='')}/comments"
    return any(_marker_text(marker) in (each.get("body") or "") for each in _pages(connection, path, {}))


def comment(connection: GitHubConnection, ticket_id: str, written: TicketComment) -> str:
    """Add the comment with its marker. Raises as ``Tracker``."""
    text = "\n\n".join((*map(_plain, written.paragraphs), _marker_text(written.marker)))
    path = f"{_path(connection)}/issues/{quote(ticket_id, safe='')}/comments"
    return f"comment {_calls(connection).write('POST', path, {'body': text})['id']}"


def set_open(connection: GitHubConnection, ticket_id: str, is_open: bool) -> str:
    """Open or close the issue, unless it is so already. Raises as ``Tracker``."""
    wanted = "open" if is_open else "closed"
    issue = _calls(connection).read(f"{_path(connection)}/issues/{quote(ticket_id, safe='')}")
    if issue["state"] == wanted:
        return f"it is {wanted} already"
    path = f"{_path(connection)}/issues/{quote(ticket_id, safe='')}"
    body = {"state": wanted, "state_reason": "reopened" if is_open else "completed"}
    return str(_calls(connection).write("PATCH", path, body)["state"])


def check(connection: GitHubConnection) -> str:
    """Read the repository and what the token may do there. Raises as ``Tracker``."""
    found = _calls(connection).read(_path(connection))
    if not found.get("has_issues", True):
        raise DeliveryRefusedError(f"{connection.repository} has no issues: switch them on in its settings")
    if not found.get("permissions", {}).get("push", True):
        raise DeliveryRefusedError(f"the token may not write to {connection.repository}, so it cannot set labels")
    return f"{found['full_name']} can be written"


def _calls(connection: GitHubConnection) -> TrackerCalls:
    return TrackerCalls(
        tracker="GitHub",
        base_url=connection.base_url,
        headers={
            "Authorization": f"Bearer {secret_of(connection.token)}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": _VERSION,
        },
        timeout_seconds=connection.timeout_seconds,
        ca_file=connection.ca_file,
    )


def _path(connection: GitHubConnection) -> str:
    return f"/repos/{connection.repository}"


def _pages(connection: GitHubConnection, path: str, query: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """All entries of a list. The number of the next page is taken from the header ``Link``, and never its address."""
    calls, page = _calls(connection), 1
    while True:
        entries, headers = calls.read_page(f"{path}?{urlencode({**query, 'per_page': _PAGE, 'page': page})}")
        yield from entries
        following = _NEXT.search(headers.get("link", ""))
        if following is None or int(following[1]) <= page:
            return
        page = int(following[1])


def _place(connection: GitHubConnection, issue: Mapping[str, Any]) -> TicketPlace:
    number = str(issue["number"])
    return TicketPlace(id=number, name=f"{connection.repository}#{number}", url=str(issue["html_url"]))


def _described(text: TicketText) -> str:
    facts = "\n".join(f"- **{_plain(label)}**: {_plain(value)}" for label, value in text.facts if value)
    return "\n\n".join((*map(_plain, text.paragraphs), facts))[:_LONGEST_TEXT]


def _marker_text(marker: str) -> str:
    return f"<!-- {marker} -->"


def _plain(text: str) -> str:
    """Markdown escaped. After ``@`` and ``#`` a character without width prevents mentions and references."""
    escaped = re.sub(r"([\\`*_{}\[\]()<>|~!+-])", r"\\\1", text)
    return re.sub(r"([@#])(?=\w)", "\\1\u200b", escaped)


TRACKER: Final = Tracker(
    name="github",
    connection=GitHubConnection,
    find=find,
    create=create,
    has_comment=has_comment,
    comment=comment,
    set_open=set_open,
    check=check,
)
