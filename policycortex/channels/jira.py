"""Jira Cloud: tickets by its REST interface, version 3. A ticket is found by a label that is its marker.

Jira's search does not show a new issue at once, so the caller looks for one only some minutes after it may have been
created. Issues are addressed by their id, because the key changes when an issue is moved.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

from pydantic import Field

from policycortex.channels.connection_settings import Connection, ConnectionLine, SecretReference, secret_of
from policycortex.channels.tracker import COMMON_LABEL, TicketComment, TicketDraft, TicketPlace, TicketText, Tracker
from policycortex.channels.tracker_calls import TrackerCalls
from policycortex.errors import DeliveryRefusedError
from policycortex.names import Severity

_LONGEST_TITLE: Final = 255
_LONGEST_TEXT: Final = 30_000
"""Jira accepts 32,767 characters, its own markup included."""
_PAGE: Final = 50
_DONE: Final = "done"
_NOT_DONE: Final = ("new", "indeterminate")
"""Categories of statuses, the wanted one first."""


class JiraConnection(Connection):
    """A project of a Jira Cloud site, and the user whose token is used."""

    type: Literal["jira"]
    base_url: ConnectionLine
    user: ConnectionLine
    token: SecretReference
    project: str = Field(pattern=r"^[A-Z][A-Z0-9_]{0,254}$")
    issue_type: ConnectionLine = "Task"
    priorities: dict[Severity, ConnectionLine] = Field(default_factory=dict)
    close_transition: ConnectionLine | None = None
    """None: the first one to a status of the category Done."""
    reopen_transition: ConnectionLine | None = None
    """None: the first one to a status of the category To Do, else In Progress."""
    ca_file: str | None = None


def find(connection: JiraConnection, marker: str) -> TicketPlace | None:
    """The issue with this label in the project. Raises as ``Tracker``."""
    jql = f'project = "{connection.project}" AND labels = "{marker}" ORDER BY created ASC'
    for issue in _search(connection, jql):
        if marker in issue["fields"].get("labels", ()):
            return _place(connection, issue)
    return None


def create(connection: JiraConnection, draft: TicketDraft) -> TicketPlace:
    """Create the issue. Raises as ``Tracker``."""
    fields: dict[str, Any] = {
        "project": {"key": connection.project},
        "issuetype": {"name": connection.issue_type},
        "summary": " ".join(draft.text.title.split())[:_LONGEST_TITLE],
        "description": _document(_described(draft.text)),
        "labels": [COMMON_LABEL, draft.marker],
    }
    if (priority := connection.priorities.get(draft.severity)) is not None:
        fields["priority"] = {"name": priority}
    return _place(connection, _calls(connection).write("POST", "/rest/api/3/issue", {"fields": fields}))


def has_comment(connection: JiraConnection, ticket_id: str, marker: str) -> bool:
    """Whether a comment of the issue has the marker as its last paragraph. Raises as ``Tracker``."""
    calls, start = _calls(connection), 0
    while True:
        query = urlencode({"startAt": start, "maxResults": _PAGE, "orderBy": "-created"})
        page = calls.read(f"{_path(ticket_id)}/comment?{query}")
        if any(marker in _texts(comment.get("body")) for comment in page["comments"]):
            return True
        start += len(page["comments"])
        if not page["comments"] or start >= page["total"]:
            return False


def comment(connection: JiraConnection, ticket_id: str, written: TicketComment) -> str:
    """Add the comment, its marker as the last paragraph. Raises as ``Tracker``."""
    blocks = [*map(_paragraph, written.paragraphs), _marked(written.marker)]
    answer = _calls(connection).write("POST", f"{_path(ticket_id)}/comment", {"body": _document(blocks)})
    return f"comment {answer['id']}"


def set_open(connection: JiraConnection, ticket_id: str, is_open: bool) -> str:
    """Apply a transition, unless the issue is so already. Raises as ``Tracker``."""
    calls, path = _calls(connection), _path(ticket_id)
    status = calls.read(f"{path}?fields=status")["fields"]["status"]
    if (status["statusCategory"]["key"] != _DONE) is is_open:
        return f"it is {status['name']} already"
    offered = calls.read(f"{path}/transitions")["transitions"]
    chosen = _choose(offered, connection.reopen_transition if is_open else connection.close_transition, is_open=is_open)
    calls.write("POST", f"{path}/transitions", {"transition": {"id": chosen["id"]}})
    return str(chosen["to"]["name"])


def check(connection: JiraConnection) -> str:
    """Read the user and the project. Raises as ``Tracker``."""
    calls = _calls(connection)
    user = calls.read("/rest/api/3/myself")
    project = calls.read(f"/rest/api/3/project/{quote(connection.project, safe='')}")
    return f"{user.get('displayName', connection.user)} may read the project {project['name']}"


def _calls(connection: JiraConnection) -> TrackerCalls:
    credentials = base64.b64encode(f"{connection.user}:{secret_of(connection.token)}".encode()).decode()
    return TrackerCalls(
        tracker="Jira",
        base_url=connection.base_url,
        headers={"Authorization": f"Basic {credentials}"},
        timeout_seconds=connection.timeout_seconds,
        ca_file=connection.ca_file,
    )


def _search(connection: JiraConnection, jql: str) -> Iterator[Mapping[str, Any]]:
    calls, query = _calls(connection), {"jql": jql, "fields": "labels", "maxResults": str(_PAGE)}
    while True:
        page = calls.read(f"/rest/api/3/search/jql?{urlencode(query)}")
        yield from page["issues"]
        if page.get("isLast", True) or "nextPageToken" not in page:
            return
        query |= {"nextPageToken": page["nextPageToken"]}


def _path(ticket_id: str) -> str:
    return f"/rest/api/3/issue/{quote(ticket_id, safe='')}"


def _place(connection: JiraConnection, issue: Mapping[str, Any]) -> TicketPlace:
    key = str(issue["key"])
    return TicketPlace(id=str(issue["id"]), name=key, url=f"{connection.base_url.rstrip('/')}/browse/{key}")


def _choose(offered: list[dict[str, Any]], wanted: str | None, *, is_open: bool) -> dict[str, Any]:
    """The transition of that name, or the first to a status of the wanted category. Raises DeliveryRefusedError."""
    categories = _NOT_DONE if is_open else (_DONE,)
    for category in categories:
        for each in offered:
            named = wanted is not None and wanted.casefold() in {each["name"].casefold(), each["to"]["name"].casefold()}
            if named or (wanted is None and each["to"]["statusCategory"]["key"] == category):
                return each
    names = ", ".join(each["name"] for each in offered) or "none"
    setting = "reopen_transition" if is_open else "close_transition"
    raise DeliveryRefusedError(
        f"the workflow of the issue offers no transition {wanted or 'to ' + ' or '.join(categories)}; it offers"
        f" {names}. Set {setting} of the connection"
    )


def _described(text: TicketText) -> list[dict[str, Any]]:
    blocks, left = [], _LONGEST_TEXT
    for line in (*text.paragraphs, *(f"{label}: {value}" for label, value in text.facts if value)):
        if left > 0:
            blocks.append(_paragraph(line[:left]))
        left -= len(line)
    return blocks


def _document(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """A text in the Atlassian Document Format. Its text nodes are plain: no markup is read in them."""
    return {"type": "doc", "version": 1, "content": blocks}


def _paragraph(text: str) -> dict[str, Any]:
    return {"type": "paragraph", "content": [{"type": "text", "text": text}] if text else []}


def _marked(marker: str) -> dict[str, Any]:
    return {"type": "paragraph", "content": [{"type": "text", "text": marker, "marks": [{"type": "code"}]}]}


def _texts(node: object) -> set[str]:
    """All texts within a node of a document."""
    if isinstance(node, list):
        return {text for each in node for text in _texts(each)}
    if not isinstance(node, dict):
        return set()
    own = {str(node["text"])} if "text" in node else set()
    return own | _texts(node.get("content"))


TRACKER: Final = Tracker(
    name="jira",
    connection=JiraConnection,
    find=find,
    create=create,
    has_comment=has_comment,
    comment=comment,
    set_open=set_open,
    check=check,
)
