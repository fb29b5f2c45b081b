"""Slack, Teams and webhooks with a real TLS receiver: bodies, signatures, files and failures."""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
import trustme

from policycortex.channels import webhook
from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.channel import SendContext
from policycortex.channels.model import DeliveredFile, Destination
from policycortex.channels.slack import SlackConnection
from policycortex.channels.teams import TeamsConnection
from policycortex.channels.webhook import WebhookConnection
from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError
from tests.delivery.conftest import free_port
from tests.support.receivers import Call, Receiver, tls_receiver
from tests.support.samples.delivery import NOW, check_over, sample_content, send_over

LOOPBACK = SendContext(guard=AddressGuard.of(["127.0.0.0/8", "::1/128"]), now=NOW)
HOOK = Destination(channel="webhook", connection="hook", target="")
SLACK = Destination(channel="slack", connection="slack", target="#executive-reports")
TEAMS = Destination(channel="teams", connection="teams", target="")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-planted")


def _hook(ca_file: str, **changes: object) -> WebhookConnection:
    fields = {"type": "webhook", "secret": "env:HOOK_SECRET", "ca_file": ca_file, "timeout_seconds": 5}
    return WebhookConnection.model_validate(fields | changes)


def test_a_webhook_arrives_signed(authority: trustme.CA, ca_file: str, pdf: DeliveredFile) -> None:
    """The receiver calculates both signatures from the raw body; the event has id and files."""
    with tls_receiver(authority) as receiver:
        destination = replace(HOOK, target=f"{receiver.url}/reports?tenant=1")
        receipt = webhook.send(_hook(ca_file), destination, sample_content(pdf), LOOPBACK)
    (call,) = receiver.calls
    secret = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert call.path == "/reports?tenant=1"
    assert (
        call.headers["x-policycortex-signature"] == "sha256=" + hmac.new(secret, call.body, hashlib.sha256).hexdigest()
    )
    assert call.headers["webhook-id"] == "dlv_0123456789abcdef" == receipt.reference
    assert call.headers["webhook-signature"].startswith("v1,")
    assert call.json["event"] == "compliance.report.generated"
    assert call.json["data"]["files"][0]["sha256"] == pdf.sha256
    assert receipt.payload_sha256 == hashlib.sha256(call.body).hexdigest()


def test_both_secrets_sign_while_one_replaces_the_other(
    authority: trustme.CA, ca_file: str, pdf: DeliveredFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that knows the old or the new secret verifies the call, by either kind of header."""
    old = "whsec_" + base64.b64encode(b"the secret of before 24+").decode()
    monkeypatch.setenv("OLD_SECRET", old)
    with tls_receiver(authority) as receiver:
        connection = _hook(ca_file, previous_secret="env:OLD_SECRET")
        webhook.send(connection, replace(HOOK, target=receiver.url), sample_content(pdf), LOOPBACK)
    (call,) = receiver.calls
    sent = call.headers
    new = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + call.body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in (new, old)]
    wanted = [f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys]
    assert sent["webhook-signature"].split(" ") == wanted
    plain = [f"sha256={hmac.new(secret.encode(), call.body, hashlib.sha256).hexdigest()}" for secret in (new, old)]
    assert [sent["x-policycortex-signature"], sent["x-policycortex-previous-signature"]] == plain


def test_a_private_address_is_refused_before_anything_is_sent(authority: trustme.CA, ca_file: str) -> None:
    """Loopback that is not in allow_networks is not called, in any spelling."""
    with tls_receiver(authority) as receiver:
        port = receiver.url.rsplit(":", 1)[1]
        for host in ("localhost", "127.0.0.1", "127.1", "2130706433", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"):
            destination = replace(HOOK, target=f"https://{host}:{port}/")
            with pytest.raises(DeliveryRefusedError, match="not a public address"):
                webhook.send(_hook(ca_file), destination, sample_content(), SendContext(guard=AddressGuard(), now=NOW))
    assert receiver.calls == []


def test_redirects_are_not_followed(authority: trustme.CA, ca_file: str) -> None:
    """A redirect to a private service is a permanent refusal."""
    with tls_receiver(authority) as receiver:
        receiver.answer = lambda call: (
            (302, {"Location": f"{receiver.url}/inner"}, b"") if call.path == "/" else (200, {}, b"")
        )
        with pytest.raises(DeliveryRefusedError, match="redirects are not followed"):
            webhook.send(_hook(ca_file, url=f"{receiver.url}/"), HOOK, sample_content(), LOOPBACK)
    assert [call.path for call in receiver.calls] == ["/"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, DeliveryRefusedError),
        (410, DeliveryRefusedError),
        (429, DeliveryDeferredError),
        (500, DeliveryDeferredError),
        (503, DeliveryDeferredError),
        (501, DeliveryRefusedError),
    ],
)
def test_statuses_decide_on_retries(authority: trustme.CA, ca_file: str, status: int, error: type[Exception]) -> None:
    """Permanent statuses are refused, others deferred, with the receiver's Retry-After."""
    with tls_receiver(authority) as receiver:
        receiver.answer = lambda _call: (status, {"Retry-After": "77"}, b"because")
        with pytest.raises(error, match=f"{status} because") as caught:
            webhook.send(_hook(ca_file, url=receiver.url), HOOK, sample_content(), LOOPBACK)
    if isinstance(caught.value, DeliveryDeferredError):
        assert caught.value.retry_after_seconds == 77


def test_a_lost_answer_can_be_repeated_because_the_id_stays(authority: trustme.CA, ca_file: str) -> None:
    """The connection closes after the event was read; the second attempt has the same webhook-id."""
    with tls_receiver(authority) as receiver:
        receiver.answer = lambda _call: (0 if len(receiver.calls) == 1 else 200, {}, b"")
        with pytest.raises(DeliveryDeferredError, match="did not answer"):
            webhook.send(_hook(ca_file, url=receiver.url), HOOK, sample_content(), LOOPBACK)
        webhook.send(_hook(ca_file, url=receiver.url), HOOK, sample_content(), LOOPBACK)
    assert [call.headers["webhook-id"] for call in receiver.calls] == ["dlv_0123456789abcdef"] * 2


def test_a_certificate_for_another_name_is_not_trusted(authority: trustme.CA, ca_file: str) -> None:
    """TLS verifies the host name although the client connects to a checked address."""
    with (
        tls_receiver(authority, "elsewhere.example") as receiver,
        pytest.raises(DeliveryDeferredError, match="cannot connect"),
    ):
        webhook.send(_hook(ca_file, url=receiver.url), HOOK, sample_content(), LOOPBACK)
    assert receiver.calls == []


def test_a_closed_port_is_deferred(ca_file: str) -> None:
    """Connection refused: the receiver may be available later."""
    connection = _hook(ca_file, url=f"https://localhost:{free_port()}/")
    with pytest.raises(DeliveryDeferredError):
        webhook.send(connection, HOOK, sample_content(), LOOPBACK)
    with pytest.raises(DeliveryDeferredError):
        webhook.check(connection, LOOPBACK.guard)


def _slack_answer(receiver: Receiver, *, upload: int = 200) -> None:
    def answer(call: Call) -> tuple[int, dict[str, str], bytes]:
        match call.path:
            case "/api/chat.postMessage":
                answer_body: dict[str, object] = {"ok": True, "channel": "C024BE91L", "ts": "1775048400.000100"}
            case "/api/files.getUploadURLExternal":
                answer_body = {"ok": True, "upload_url": f"{receiver.url}/upload/F1", "file_id": "F1"}
            case "/upload/F1":
                return upload, {}, b"OK"
            case "/api/files.completeUploadExternal":
                answer_body = {"ok": True, "files": [{"id": "F1"}]}
            case _:
                answer_body = {"ok": True, "user": "reports", "team": "Company"}
        return 200, {}, json.dumps(answer_body).encode()

    receiver.answer = answer


def _slack(receiver: Receiver, ca_file: str) -> SlackConnection:
    fields = {"type": "slack", "token": "env:SLACK_TOKEN", "base_url": f"{receiver.url}/api", "ca_file": ca_file}
    return SlackConnection.model_validate(fields | {"timeout_seconds": 5})


def test_slack_gets_a_message_and_the_file_in_its_thread(
    authority: trustme.CA, ca_file: str, pdf: DeliveredFile
) -> None:
    """Slack's external upload makes four calls; the file's bytes are equal; a name cannot mention everyone."""
    content = sample_content(pdf, name="Report <!channel>", framework_name="<!everyone>")
    with tls_receiver(authority) as receiver:
        _slack_answer(receiver)
        receipt = send_over(_slack(receiver, ca_file), replace(SLACK, message="Score {{score}} <!here>"), content)
    post, ask, upload, complete = receiver.calls
    assert post.headers["authorization"] == "Bearer xoxb-planted"
    assert post.json["channel"] == "#executive-reports"
    sections = json.dumps([block for block in post.json["blocks"] if block["type"] != "header"])
    assert "<!" not in sections
    assert "Score 96.3%" in sections
    assert post.json["text"] == "Score 96.3% &lt;!here&gt;"
    assert parse_qs(ask.body.decode()) == {"filename": [pdf.name], "length": [str(pdf.size_bytes)]}
    assert upload.body == pdf.path.read_bytes()
    assert "authorization" not in upload.headers
    done = parse_qs(complete.body.decode())
    assert done["channel_id"] == ["C024BE91L"]
    assert done["thread_ts"] == ["1775048400.000100"]
    assert receipt.reference == "C024BE91L:1775048400.000100"
    assert receipt.answer == "ok; 1 files"


def test_long_texts_for_slack_end_after_a_word_or_a_link(
    authority: trustme.CA, ca_file: str, pdf: DeliveredFile
) -> None:
    """Escaped texts stay below the limit of a block, no escape and no link is halved, and a name ends with a mark."""
    files = [replace(pdf, name=f"{n}.pdf", url=f"https://a.example/{n:0200}") for n in range(40)]
    with tls_receiver(authority) as receiver:
        _slack_answer(receiver)
        content = sample_content(*files, name="Report on networks " * 20)
        connection = _slack(receiver, ca_file).model_copy(update={"attach_files": False})
        send_over(connection, replace(SLACK, message="ports & hosts " * 400), content)
    head, message, _facts, links = receiver.calls[0].json["blocks"][:4]
    assert head["text"]["text"] == "Report on networks " * 7 + "Report on…"
    assert 2_000 < len(message["text"]["text"]) <= 2_900
    assert re.fullmatch(r"(?:ports &amp; hosts )+(?:ports( &amp;)?|ports &amp; hosts)…", message["text"]["text"])
    assert all(re.fullmatch(r"<https://\S+\|\d+\.pdf> .+", line) for line in links["text"]["text"].splitlines())
    assert 2_500 < len(links["text"]["text"]) <= 2_900


def test_slack_files_that_fail_do_not_repeat_the_message(
    authority: trustme.CA, ca_file: str, pdf: DeliveredFile
) -> None:
    """The message is posted once; the receipt names the upload that failed."""
    with tls_receiver(authority) as receiver:
        _slack_answer(receiver, upload=500)
        receipt = send_over(_slack(receiver, ca_file), SLACK, sample_content(pdf))
    assert "the message was posted, its files were not" in receipt.answer


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, {"ok": False, "error": "channel_not_found"}, DeliveryRefusedError),
        (200, {"ok": False, "error": "invalid_auth"}, DeliveryRefusedError),
        (200, {"ok": False, "error": "ratelimited"}, DeliveryDeferredError),
        (429, {}, DeliveryDeferredError),
        (503, {}, DeliveryDeferredError),
        (500, {}, DeliveryUncertainError),
        (0, {}, DeliveryUncertainError),
    ],
)
def test_slack_answers_decide_on_retries(
    authority: trustme.CA, ca_file: str, status: int, body: dict[str, object], error: type[Exception]
) -> None:
    """Slack's error name decides; no answer after the message was sent is uncertain. No message holds the token."""
    with tls_receiver(authority) as receiver:
        receiver.answer = lambda _call: (status, {"Retry-After": "30"}, json.dumps(body).encode())
        with pytest.raises(error) as caught:
            send_over(_slack(receiver, ca_file), SLACK, sample_content())
    assert "xoxb-planted" not in str(caught.value)


def test_a_slack_connection_is_tested_by_auth_test(authority: trustme.CA, ca_file: str) -> None:
    """``auth.test`` posts nothing."""
    with tls_receiver(authority) as receiver:
        _slack_answer(receiver)
        assert check_over(_slack(receiver, ca_file)) == "reports of Company"
    assert [call.path for call in receiver.calls] == ["/api/auth.test"]


def test_teams_gets_an_adaptive_card_with_links(
    authority: trustme.CA, ca_file: str, pdf: DeliveredFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts and the file's link; Markdown in a name is shown as text."""
    with tls_receiver(authority) as receiver:
        receiver.answer = lambda _call: (202, {}, b"")
        monkeypatch.setenv("TEAMS_URL", f"{receiver.url}/workflows/secret")
        connection = TeamsConnection(type="teams", url="env:TEAMS_URL", ca_file=ca_file)
        receipt = send_over(connection, TEAMS, sample_content(pdf, name="[click](https://evil.example)"))
        assert "localhost answers" in check_over(connection)
    card = receiver.calls[0].json["attachments"][0]["content"]
    assert receiver.calls[0].json["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert card["body"][0]["text"] == "\\[click\\](https://evil.example)"
    assert {"title": "Compliance score", "value": "96.3%"} in card["body"][1]["facts"]
    assert [action["url"] for action in card["actions"]] == [pdf.url]
    assert receipt.answer == "202"


def test_a_teams_message_stays_below_the_limit_after_filling(
    authority: trustme.CA, ca_file: str, pdf: DeliveredFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty names of 3 bytes a letter make 150 KB of 160 letters; the text is cut and marked, the facts stay."""
    with tls_receiver(authority) as receiver:
        receiver.answer = lambda _call: (202, {}, b"")
        monkeypatch.setenv("TEAMS_URL", f"{receiver.url}/workflows/secret")
        connection = TeamsConnection(type="teams", url="env:TEAMS_URL", ca_file=ca_file)
        content = sample_content(pdf, name="報告" * 600)
        send_over(connection, replace(TEAMS, message="{{name}}" * 20), content)
    call = receiver.calls[0]
    assert 10_000 < len(call.body) <= 28_000
    body = call.json["attachments"][0]["content"]["body"]
    assert body[1]["text"].endswith("報…")
    assert {"title": "Compliance score", "value": "96.3%"} in body[2]["facts"]


def test_a_card_and_an_event_without_links_say_so(
    authority: trustme.CA, ca_file: str, pdf: DeliveredFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a public address there are no links: Teams, Slack without attached files, and the event name that."""
    content = sample_content(replace(pdf, url=None, url_expires_at=None))
    with tls_receiver(authority) as receiver:
        receiver.answer = lambda _call: (202, {}, b"")
        monkeypatch.setenv("TEAMS_URL", f"{receiver.url}/workflows/secret")
        send_over(TeamsConnection(type="teams", url="env:TEAMS_URL", ca_file=ca_file), TEAMS, content)
        _slack_answer(receiver)
        send_over(_slack(receiver, ca_file).model_copy(update={"attach_files": False}), SLACK, content)
    sentence = "No download links: the installation has no public address."
    assert [sentence in call.body.decode() for call in receiver.calls] == [True, True]
    assert "POLICYCORTEX_PUBLIC_URL" in webhook.event_of(content)["data"]["links_missing_reason"]
    assert webhook.event_of(sample_content(pdf))["data"]["links_missing_reason"] is None


@pytest.mark.parametrize("address", ["https://a.example/secret-part x", "http://a.example/secret-part", "secret-part"])
def test_a_malformed_workflow_address_is_refused_and_not_shown(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the reference only, because the address is the secret."""
    monkeypatch.setenv("TEAMS_URL", address)
    connection = TeamsConnection(type="teams", url="env:TEAMS_URL")
    for act in (
        lambda: send_over(connection, TEAMS, sample_content()),
        lambda: check_over(connection),
    ):
        with pytest.raises(DeliveryRefusedError, match="env:TEAMS_URL") as caught:
            act()
        assert "secret-part" not in f"{caught.value}{caught.value.__cause__}"


@pytest.mark.parametrize("token", ["xoxb-planted\nX-Evil: 1", "xoxb-plänted"])
def test_a_token_that_is_no_header_value_is_refused_and_not_shown(
    token: str, authority: trustme.CA, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line break in the secret cannot start another header."""
    monkeypatch.setenv("SLACK_TOKEN", token)
    with tls_receiver(authority) as receiver, pytest.raises(DeliveryRefusedError, match="Authorization") as caught:
        send_over(_slack(receiver, ca_file), SLACK, sample_content())
    assert "xoxb" not in str(caught.value)
    assert receiver.calls == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, DeliveryRefusedError),
        (429, DeliveryDeferredError),
        (500, DeliveryUncertainError),
        (501, DeliveryRefusedError),
        (0, DeliveryUncertainError),
    ],
)
def test_teams_answers_decide_on_retries(
    authority: trustme.CA, ca_file: str, status: int, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No message holds the workflow's address, which is a secret."""
    with tls_receiver(authority) as receiver:
        receiver.answer = lambda _call: (status, {}, b"why")
        monkeypatch.setenv("TEAMS_URL", f"{receiver.url}/workflows/secret-part")
        with pytest.raises(error) as caught:
            send_over(TeamsConnection(type="teams", url="env:TEAMS_URL", ca_file=ca_file), TEAMS, sample_content())
    assert "secret-part" not in str(caught.value)
