"""A whole session over the served product, after which none of its secrets is found in anything that it left."""

import email
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from policycortex.security.identities import load_identity
from policycortex.settings import Settings
from tests.e2e.secret_search import View, find_secrets, views_of_folder
from tests.support.installation import Server, run_program, start_server, stop_server, wait_until
from tests.support.receivers import Call, Mailbox, Receiver, smtp_server, tls_receiver

ORGANIZATION = "discreet"
PASSWORD = "Tr0ub4dor&3 for the board"
WEAK_PASSWORD = "correcthorse7712"
JSON = ("-H", "Content-Type: application/json")
PUBLIC_URL = "http://reports.example.org"
ENVIRONMENT_SECRETS = {
    "POLICYCORTEX_TEST_SMTP": "smtp-Pw-91c2b7aa",
    "POLICYCORTEX_TEST_HOOK": "hook-Secret-5d40fe13",
    "POLICYCORTEX_TEST_P12": "p12-Pass-77ab03c9",
}
"""What connections and the signer name as ``env:...``."""

pytestmark = [pytest.mark.storm, pytest.mark.timeout(1200)]  # a minute and a half of two cores


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, Mailbox, str]]:
    """A TLS receiver for webhook, Slack and Teams, a mail server with a login, and the authority of both."""
    authority = trustme.CA()
    with tls_receiver(authority) as calls, smtp_server(authority) as box:
        box.password = ENVIRONMENT_SECRETS["POLICYCORTEX_TEST_SMTP"]
        yield calls, box, authority.cert_pem.bytes().decode()


@pytest.fixture
def secret_files(tmp_path: Path) -> dict[str, str]:
    """Connection secrets that stand in files, apart from the home."""
    made = {"slack": f"xoxb-{secrets.token_hex(20)}", "teams": secrets.token_hex(20)}
    for name, secret in made.items():
        (tmp_path / name).write_text(secret)
    return made


@pytest.fixture
def own_server(
    findings: Path, receiver: tuple[Receiver, Mailbox, str], secret_files: dict[str, str], tmp_path: Path
) -> Iterator[Server]:
    """An installation of the test's own, with connections and a certificate to sign by."""
    calls, box, authority = receiver
    home = tmp_path / "home"
    assert run_program("ingest", findings, home=home).returncode == 0
    (tmp_path / "ca.pem").write_text(authority)
    (tmp_path / "teams").write_text(f"{calls.url}/teams?sig={secret_files['teams']}")
    common = {"ca_file": str(tmp_path / "ca.pem"), "organizations": [ORGANIZATION]}
    mail = {"type": "email", "host": "localhost", "port": box.port, "username": "bot", "attachment_limit_mb": 0}
    connections = {
        "email": mail | common | {"sender": "r@company.com", "password": "env:POLICYCORTEX_TEST_SMTP"},
        "webhook": common | {"type": "webhook", "secret": "env:POLICYCORTEX_TEST_HOOK", "url": f"{calls.url}/hook"},
        "slack": common | {"type": "slack", "token": f"file:{tmp_path / 'slack'}", "base_url": f"{calls.url}/slack"},
        "teams": common | {"type": "teams", "url": f"file:{tmp_path / 'teams'}"},
    }
    networks = ["127.0.0.0/8", "::1/128"]
    (home / "connections.yaml").write_text(json.dumps({"allow_networks": networks, "connections": connections}))
    signing = {"pkcs12": str(tmp_path / "own.p12"), "passphrase": "env:POLICYCORTEX_TEST_P12"}
    (home / "signing.yaml").write_text(json.dumps({"organizations": {ORGANIZATION: signing}}))
    server = start_server(home, POLICYCORTEX_PUBLIC_URL=PUBLIC_URL, **ENVIRONMENT_SECRETS)
    server.key = _made_key(server, "keys", "create", "--name", "tests")
    yield server
    stop_server(server)


def test_no_secret_is_left_by_a_session(
    own_server: Server, receiver: tuple[Receiver, Mailbox, str], secret_files: dict[str, str], tmp_path: Path
) -> None:
    """Home, registry, Dagster's storage, logs, compute logs, run configs and command lines know none of them."""
    server, (calls, box, _) = own_server, receiver
    calls.answer = _says_back
    known = {name: value.encode() for name, value in (ENVIRONMENT_SECRETS | secret_files).items()}
    known |= {"password": PASSWORD.encode(), "refused password": WEAK_PASSWORD.encode()}
    known |= {f"private key, {form}": key for form, key in _make_certificate(tmp_path).items()}
    key = _made_key(server, "keys", "create", "--name", "discreet", "--org", ORGANIZATION)
    ask = _asker(server, key)

    order = _order()
    refused = ask("POST", "/v1/reports", order | {"format_options": {"password": WEAK_PASSWORD}})
    assert refused["error_code"] == "RPT_001"
    report_id = ask("POST", "/v1/reports", order, "-H", "Idempotency-Key: once")["id"]
    assert ask("POST", "/v1/reports", order, "-H", "Idempotency-Key: once")["id"] == report_id
    schedule_id = ask("POST", "/v1/reports/schedules", _schedule())["id"]
    scheduled_id = ask("POST", f"/v1/reports/schedules/{schedule_id}/run")["report_id"]
    for wanted in (report_id, scheduled_id):
        report = wait_until(partial(_ended, ask, wanted), seconds=300, what=f"{wanted} has ended")
        assert report["status"] == "completed", report["failure"]
    deliveries = wait_until(lambda: _delivered(ask), seconds=300, what="every delivery has ended")
    assert deliveries == {"email": "sent", "webhook": "sent", "teams": "sent", "slack": "failed"}, ask(
        "GET", "/v1/deliveries"
    )
    assert box.logins[-1] == ("bot", ENVIRONMENT_SECRETS["POLICYCORTEX_TEST_SMTP"])

    link = ask("POST", f"/v1/reports/{report_id}/download-link", {"format": "csv", "expires_in": 3600})["url"]
    sent = _links(box, calls)
    for url in (link, *sent):
        assert server.curl("-o", os.devnull, "-w", "%{http_code}", url.replace(PUBLIC_URL, server.url)) == "200"
    for what in ("pdf", "bundle", "manifest"):
        path = f"{server.url}/v1/reports/{report_id}/download/{what}"
        server.curl("-o", str(tmp_path / what), "-H", f"Authorization: Bearer {key}", path)
    ask("PUT", f"/v1/reports/{report_id}/sharing", {"visibility": "organization", "links_allowed": False})
    key_id = run_program("keys", "list", "--org", ORGANIZATION, home=server.home).stdout.split("\t")[0]
    rotated = _made_key(server, "keys", "rotate", key_id)
    ask = _asker(server, rotated)
    ask("GET", "/v1/reports")
    wrong = f"{key[:-6]}zzzzzz"
    assert _asker(server, wrong)("GET", "/v1/reports")["error_code"] == "RPT_004"
    assert _asker(server, key)("GET", f"/v1/links/{wrong}")["error_code"]
    ask("DELETE", f"/v1/reports/schedules/{schedule_id}")

    known |= {"key": key.encode(), "rotated key": rotated.encode(), "wrong key": wrong.encode()}
    known |= {"first key": server.key.encode()}
    known |= {f"token of link {n}": url.rsplit("/", 1)[1].encode() for n, url in enumerate((link, *sent))}
    assert len(sent) >= 4
    assert len(known) >= 15
    places = list(_places(server))
    assert any("dagster" in place and content for place, content in places)
    assert any(place.startswith("index.db: ") or ".db: " in place for place, _ in places)
    assert find_secrets([*places, ("planted", b'{"password": "' + known["password"] + b'"}')], known) == [
        "password in planted"
    ]


def _places(server: Server) -> Iterator[View]:
    yield from views_of_folder(server.home, passwords=(PASSWORD,))
    for process in (psutil.Process(server.process.pid), *server.family()):
        try:
            yield f"command line of {process.pid}", " ".join(process.cmdline()).encode()
        except psutil.NoSuchProcess:
            continue
    yield "output of serve", "".join(server.output).encode()


def _order() -> dict[str, Any]:
    return {
        "name": "January, discreet",
        "type": "compliance",
        "framework": "soc2",
        "scope": {"date_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-01-31T23:59:59Z"}},
        "format_options": {
            "formats": ["pdf", "excel", "csv", "json"], "password": PASSWORD, "watermark": True, "sign": True,
        },
        "delivery": {"notifications": {"email": ["ceo@company.com"]}},
    }  # fmt: skip


def _schedule() -> dict[str, Any]:
    return {
        "name": "Yearly, discreet",
        "schedule": {"cron": "0 9 1 1 *", "timezone": "UTC"},
        "report_template": {"type": "compliance", "format_options": {"formats": ["json"], "sign": True}},
        "delivery": {"webhook": {}, "slack": {"channel": "#board"}, "teams": {}},
    }


def _says_back(call: Call) -> tuple[int, dict[str, str], bytes]:
    """As careless servers do: the refusal repeats what it was sent."""
    if "/slack/" not in call.path:
        return 200, {}, b"{}"
    reply = f"no access for {call.headers['authorization']}"
    return 200, {"Content-Type": "application/json"}, json.dumps({"ok": False, "error": reply}).encode()


def _make_certificate(folder: Path) -> dict[str, bytes]:
    """A PKCS#12 store with the passphrase of the environment; its private key in the forms it could be written in."""
    own = load_identity(Settings(home=folder / "maker"), ORGANIZATION, now=datetime.now(UTC))
    lock = BestAvailableEncryption(ENVIRONMENT_SECRETS["POLICYCORTEX_TEST_P12"].encode())
    (folder / "own.p12").write_bytes(serialize_key_and_certificates(b"own", own.key, own.certificate, None, lock))
    number = own.key.private_numbers().private_value
    pem = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "its number": number.to_bytes(32, "big"),
        "a line": max(pem.splitlines(), key=len),
        "decimal": str(number).encode(),
    }


def _made_key(server: Server, *arguments: str) -> str:
    made = run_program(*arguments, home=server.home)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def _asker(server: Server, key: str) -> Callable[..., dict[str, Any]]:
    def ask(method: str, path: str, body: object = None, *more: str) -> dict[str, Any]:
        sent = () if body is None else (*JSON, "-d", json.dumps(body))
        command = ("-X", method, "-H", f"Authorization: Bearer {key}", *sent, *more, f"{server.url}{path}")
        answer: dict[str, Any] = json.loads(other.curl(*command) or "{}")
        return answer

    other = Server(
        process=server.process, home=server.home, port=server.port, dagster_port=server.dagster_port, key=key
    )
    return ask


def _ended(ask: Callable[..., dict[str, Any]], report_id: str) -> dict[str, Any] | None:
    report = ask("GET", f"/v1/reports/{report_id}", None, "-H", "Prefer: wait=5")
    return report if report["status"] not in {"pending", "running"} else None


def _delivered(ask: Callable[..., dict[str, Any]]) -> dict[str, str] | None:
    rows = ask("GET", "/v1/deliveries")["deliveries"]
    is_over = len(rows) == 4 and all(row["status"] not in {"waiting", "pending", "sending"} for row in rows)
    return {row["channel"]: row["status"] for row in rows} if is_over else None


def _links(box: Mailbox, calls: Receiver) -> list[str]:
    """Addresses in everything that was sent."""
    texts = [call.body for call in calls.calls]
    for _, message in box.messages:
        parts = email.message_from_bytes(message).walk()
        texts += [bytes(part.get_payload(decode=True)) for part in parts if not part.is_multipart()]
    pattern = re.compile(rb"http[^\s\"<>)\\\\]*/v1/links/[A-Za-z0-9_]+")
    return sorted({url.decode() for text in texts for url in pattern.findall(text)})
