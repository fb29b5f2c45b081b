"""Issue trackers on loopback: Jira Cloud and GitHub with their paging, limits, workflow and late search index."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trustme

from tests.support.receivers import serve_tls

Answer = tuple[int, dict[str, str], Any]
"""Status, headers and JSON."""
TOKEN = "t0ken-of-the-tracker"


@dataclass(kw_only=True)
class Ticket:
    """One issue."""

    number: int
    title: str
    text: str
    labels: list[str]
    is_open: bool = True
    comments: list[str] = field(default_factory=list)
    created_at: datetime
    priority: str | None = None


@dataclass(kw_only=True)
class Fault:
    """What happens to one request instead of its answer."""

    on: str
    """Method and a part of the path: ``POST /issue``."""
    is_applied: bool
    """Whether the tracker does what was asked before it fails."""
    answer: Answer | None = None
    """None: the connection is dropped."""
    act: Callable[[], None] = lambda: None
    """Called before the failure."""


@dataclass(kw_only=True)
class TrackerServer:
    """State of one tracker; a test reads and changes it."""

    url: str = ""
    tickets: list[Ticket] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    """Method and path without query of each request."""
    faults: list[Fault] = field(default_factory=list)
    """Each is used once, by the first request that it fits."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    search_lag: timedelta = timedelta()
    """After this time the search shows a new ticket."""
    page_size: int = 2
    """Entries of one page at most, so that tests need few tickets to have several pages."""
    may_push: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)
    _fault_at: tuple[int, Fault] | None = None

    def respond(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:  # noqa: ANN401 - JSON
        """The answer of a tracker that works."""
        raise NotImplementedError

    def is_authorized(self, header: str) -> bool:
        """Whether the header has the token."""
        return header == f"Bearer {TOKEN}"

    def ticket(self, number: str) -> Ticket | None:
        """The ticket of that number."""
        return next((each for each in self.tickets if str(each.number) == number), None)

    def add(self, title: str, text: str, labels: list[str], priority: str | None = None) -> Ticket:
        """Create a ticket."""
        created = Ticket(
            number=len(self.tickets) + 1, title=title, text=text, labels=labels, created_at=self.clock(),
            priority=priority,
        )  # fmt: skip
        self.tickets.append(created)
        return created

    def fail_at(self, place: int, fault: Fault) -> None:
        """Let the request with this place fail, counted from now on from 0."""
        self.requests.clear()
        self._fault_at = place, fault

    def fault_of(self, method: str, path: str) -> Fault | None:
        """The first fault that fits; it is used up."""
        if self._fault_at is not None and len(self.requests) == self._fault_at[0] + 1:
            (_, placed), self._fault_at = self._fault_at, None
            return placed
        for fault in self.faults:
            wanted_method, _, part = fault.on.partition(" ")
            if wanted_method == method and re.search(part, path):
                self.faults.remove(fault)
                return fault
        return None


class GitHubServer(TrackerServer):
    """The issues of acme/cloud."""

    _REPOSITORY = "/repos/acme/cloud"

    def respond(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:  # noqa: ANN401 - JSON
        """As GitHub's REST interface does; lists have the header ``Link``."""
        if path == self._REPOSITORY:
            return 200, {}, {"full_name": "acme/cloud", "has_issues": True, "permissions": {"push": self.may_push}}
        if path == f"{self._REPOSITORY}/issues" and method == "POST":
            labels = body["labels"] if self.may_push else []
            return 201, {}, self._issue(self.add(body["title"], body["body"], labels))
        if path == f"{self._REPOSITORY}/issues":
            wanted = [each for each in reversed(self.tickets) if query["labels"] in each.labels]
            return self._page(path, query, [self._issue(each) for each in wanted])
        found = re.fullmatch(rf"{self._REPOSITORY}/issues/(\d+)(/comments)?", path)
        ticket = self.ticket(found[1]) if found else None
        if found is None or ticket is None:
            return 404, {}, {"message": "Not Found"}
        if not found[2]:
            if method == "PATCH":
                ticket.is_open = body["state"] == "open"
            return 200, {}, self._issue(ticket)
        if method == "POST":
            ticket.comments.append(body["body"])
            return 201, {}, {"id": len(ticket.comments)}
        return self._page(path, query, [{"id": n, "body": text} for n, text in enumerate(ticket.comments)])

    def _page(self, path: str, query: dict[str, str], entries: list[Any]) -> Answer:
        size, page = min(int(query["per_page"]), self.page_size), int(query["page"])
        shown = entries[(page - 1) * size : page * size]
        more = page * size < len(entries)
        link = f'<{self.url}{path}?page={page + 1}>; rel="next", <{self.url}{path}?page=9>; rel="last"'
        return 200, {"Link": link} if more else {}, shown

    def _issue(self, ticket: Ticket) -> dict[str, Any]:
        return {
            "number": ticket.number,
            "title": ticket.title,
            "body": ticket.text,
            "state": "open" if ticket.is_open else "closed",
            "labels": [{"name": label} for label in ticket.labels],
            "html_url": f"https://github.example.com/acme/cloud/issues/{ticket.number}",
        }


@dataclass(kw_only=True)
class JiraServer(TrackerServer):
    """The project SEC of a Jira Cloud site. Its search shows new issues late."""

    def is_authorized(self, header: str) -> bool:
        """Basic, of the user and the token."""
        return header == "Basic " + base64.b64encode(f"bot@acme.example:{TOKEN}".encode()).decode()

    def respond(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:  # noqa: ANN401 - JSON
        """As Jira's REST interface does, version 3."""
        path = path.removeprefix("/rest/api/3")
        if path == "/myself":
            return 200, {}, {"displayName": "Bot"}
        if path == "/project/SEC":
            return 200, {}, {"name": "Security"}
        if path == "/search/jql":
            return self._search(query)
        if path == "/issue" and method == "POST":
            return self._create(body["fields"])
        found = re.fullmatch(r"/issue/10(\d+)(/comment|/transitions)?", path)
        ticket = self.ticket(found[1]) if found else None
        if found is None or ticket is None:
            return 404, {}, {"errorMessages": ["Issue does not exist or you do not have permission to see it."]}
        match method, found[2]:
            case "POST", "/comment":
                ticket.comments.append(_flat(body["body"]))
                return 201, {}, {"id": str(len(ticket.comments))}
            case "GET", "/comment":
                start, size = int(query["startAt"]), min(int(query["maxResults"]), self.page_size)
                bodies = [{"body": _document(text)} for text in reversed(ticket.comments)]
                return 200, {}, {"comments": bodies[start : start + size], "total": len(bodies), "startAt": start}
            case "GET", "/transitions":
                return 200, {}, {"transitions": self._transitions(ticket)}
            case "POST", "/transitions":
                offered = {each["id"]: each for each in self._transitions(ticket)}
                chosen = offered[body["transition"]["id"]]
                ticket.is_open = chosen["to"]["statusCategory"]["key"] != "done"
                return 204, {}, None
        return 200, {}, {"id": f"10{ticket.number}", "fields": {"status": _status(ticket.is_open)}}

    def _create(self, fields: dict[str, Any]) -> Answer:
        if len(fields["summary"]) > 255 or "\n" in fields["summary"] or any(" " in each for each in fields["labels"]):
            return 400, {}, {"errors": {"summary": "not valid"}}
        if fields["issuetype"]["name"] != "Task" or fields["project"]["key"] != "SEC":
            return 400, {}, {"errors": {"issuetype": "Specify a valid issue type"}}
        priority = fields.get("priority", {}).get("name")
        made = self.add(fields["summary"], _flat(fields["description"]), fields["labels"], priority)
        return 201, {}, {"id": f"10{made.number}", "key": f"SEC-{made.number}", "self": f"{self.url}/rest"}

    def _search(self, query: dict[str, str]) -> Answer:
        wanted = re.fullmatch(r'project = "SEC" AND labels = "([a-z0-9-]+)" ORDER BY created ASC', query["jql"])
        if wanted is None:
            return 400, {}, {"errorMessages": ["Error in the JQL Query"]}
        shown = [t for t in self.tickets if t.created_at + self.search_lag <= self.clock() and wanted[1] in t.labels]
        start = int(query.get("nextPageToken", "0"))
        page = shown[start : start + self.page_size]
        issues = [{"id": f"10{t.number}", "key": f"SEC-{t.number}", "fields": {"labels": t.labels}} for t in page]
        end = start + self.page_size
        more = {"isLast": True} if end >= len(shown) else {"isLast": False, "nextPageToken": str(end)}
        return 200, {}, {"issues": issues, **more}

    def _transitions(self, ticket: Ticket) -> list[dict[str, Any]]:
        ids = {"31": _status(is_open=False)} if ticket.is_open else {"11": _status(is_open=True)}
        return [{"id": "21", "name": "Ask", "to": _status(is_open=ticket.is_open)}] * ticket.is_open + [
            {"id": number, "name": f"To {status['name']}", "to": status} for number, status in ids.items()
        ]


def _status(is_open: bool) -> dict[str, Any]:
    name, key = ("To Do", "new") if is_open else ("Done", "done")
    return {"name": name, "statusCategory": {"key": key}}


def _flat(node: Any) -> str:  # noqa: ANN401 - JSON
    """The text of a document, one paragraph a line."""
    assert (node["type"], node["version"]) == ("doc", 1)
    return "\n".join("".join(leaf["text"] for leaf in block["content"]) for block in node["content"])


def _document(text: str) -> dict[str, Any]:
    blocks = [{"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in text.splitlines()]
    return {"type": "doc", "version": 1, "content": blocks}


@contextmanager
def served(tracker: TrackerServer, authority: trustme.CA) -> Iterator[TrackerServer]:
    """Serve the tracker over TLS on localhost."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            with tracker.lock:
                tracker.requests.append(f"{self.command} {parts.path}")
                fault = tracker.fault_of(self.command, parts.path)
                answer: Answer | None = 401, {}, {"message": f"Bad credentials {self.headers.get('Authorization')}"}
                if tracker.is_authorized(self.headers.get("Authorization", "")):
                    is_done = fault is None or fault.is_applied
                    answer = tracker.respond(self.command, parts.path, query, body) if is_done else None
                if fault is not None:
                    fault.act()
                    answer = fault.answer
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            status, headers, content = answer
            sent = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - http.server's names

        def log_message(self, *_args: object) -> None:
            return

    with serve_tls(Handler, authority) as tracker.url:
        yield tracker
