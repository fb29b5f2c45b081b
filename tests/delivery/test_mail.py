"""Email with aiosmtpd and Debian's postfix: the mail arrives as composed, and failures are distinguished."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from policycortex.channels.model import DeliveredFile
from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError
from policycortex.names import ReportFormat
from tests.delivery.conftest import free_port, program, wait_for_port
from tests.support.receivers import smtp_server
from tests.support.samples.delivery import check_over, sample_content, sample_file, send_over
from tests.support.samples.mail import TO_CEO, connection_to, read_mail


def test_a_report_arrives_byte_equal_over_starttls_with_a_password(
    authority: trustme.CA, ca_file: str, pdf: DeliveredFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text and HTML parts, the attachment, the documented subject, and the Message-ID of the delivery."""
    monkeypatch.setenv("SMTP_PASSWORD", "s3cret")
    content = sample_content(pdf, name="Monthly <Report> & Söhne")
    with smtp_server(authority) as box:
        connection = connection_to(
            box.port, security="starttls", ca_file=ca_file, username="bot", password="env:SMTP_PASSWORD"
        )
        receipt = send_over(connection, TO_CEO, content)
    assert box.logins == [("bot", "s3cret")]
    message = read_mail(box.messages[0][1])
    assert message["Subject"] == "Monthly Compliance Report - 2026-04-01"
    assert message["To"] == "ceo@company.com"
    assert message["Message-ID"] == "<dlv_0123456789abcdef@company.com>" == receipt.reference
    assert receipt.answer == "250 2.0.0 taken as 4711"
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert "Monthly &lt;Report&gt; &amp; Söhne" in html.get_content()
    assert "Monthly <Report> & Söhne" in text.get_content()
    assert "Failing findings: 1,018 (2 critical, 4 high)" in text.get_content()
    (attachment,) = message.iter_attachments()
    assert attachment.get_filename() == "Monthly report.pdf"
    assert attachment.get_content_type() == "application/pdf"
    assert attachment.get_content() == pdf.path.read_bytes()


def test_tls_from_the_first_byte_is_supported(authority: trustme.CA, ca_file: str) -> None:
    """As on port 465."""
    with smtp_server(authority, is_tls_from_start=True) as box:
        send_over(connection_to(box.port, security="tls", ca_file=ca_file), TO_CEO, sample_content())
    assert len(box.messages) == 1


def test_above_the_limit_the_mail_holds_links(large: DeliveredFile) -> None:
    """20 MB are not attached if the limit is 10; both parts hold the link and its expiry."""
    with smtp_server() as box:
        send_over(connection_to(box.port), TO_CEO, sample_content(large))
    message = read_mail(box.messages[0][1])
    assert list(message.iter_attachments()) == []
    for kind in ("html", "plain"):
        body = message.get_body((kind,))
        assert body is not None
        assert large.url is not None
        assert large.url in body.get_content()
        assert "8 April 2026, 13:00 UTC" in body.get_content()


def test_a_mail_that_can_hold_neither_files_nor_links_is_not_sent(pdf: DeliveredFile) -> None:
    """Without a public address there are no links; the reason says what to set."""
    content = sample_content(replace(pdf, url=None, url_expires_at=None))
    with smtp_server() as box:
        with pytest.raises(DeliveryRefusedError, match="POLICYCORTEX_PUBLIC_URL"):
            send_over(connection_to(box.port, attachment_limit_mb=0), TO_CEO, content)
        send_over(connection_to(box.port), TO_CEO, content)
    (mail,) = [read_mail(raw) for _, raw in box.messages]
    assert len(list(mail.iter_attachments())) == 1


def test_a_name_that_would_start_a_header_stays_one_line() -> None:
    """A line break in a report's name adds no header."""
    content = sample_content(name="Report\r\nBcc: evil@x.org\r\n\r\nbody")
    with smtp_server() as box:
        send_over(connection_to(box.port), replace(TO_CEO, subject="{{name}}"), content)
    message = read_mail(box.messages[0][1])
    assert message["Bcc"] is None
    assert message["Subject"] == "Report Bcc: evil@x.org body"


@pytest.mark.parametrize(
    "target", ["a@x.org>,<evil@x.org", "a@x.org,b@x.org", "a@x.org\r\nRCPT TO:<evil@x.org>", "nobody", "", "a b@x.org"]
)
def test_an_address_that_is_more_than_one_is_refused(target: str) -> None:
    """Nothing is sent."""
    with smtp_server() as box, pytest.raises(DeliveryRefusedError, match="e-mail address"):
        send_over(connection_to(box.port), replace(TO_CEO, target=target), sample_content())
    assert box.messages == []


@pytest.mark.parametrize("answer", [b"", b"2"])
def test_a_server_that_does_not_answer_quit_holds_no_sender(answer: bytes) -> None:
    """The mail was accepted; the session ends after two seconds, not after the connection's ten minutes."""
    ended = threading.Event()
    with _server_without_quit(answer, ended) as port:
        receipt = send_over(connection_to(port, timeout_seconds=600), TO_CEO, sample_content())
        assert receipt.answer == "250 taken"
        assert ended.wait(60)


def test_a_table_is_attached_with_its_charset(tmp_path: Path) -> None:
    """So that a mail program shows letters of every script."""
    table = sample_file(tmp_path, ReportFormat.CSV, data="title\r\nÜberprüfung 東京\r\n".encode())
    with smtp_server() as box:
        send_over(connection_to(box.port), TO_CEO, sample_content(table))
    (attachment,) = read_mail(box.messages[0][1]).iter_attachments()
    assert attachment.get_content_charset() == "utf-8"
    assert attachment.get_payload(decode=True) == table.path.read_bytes()


def test_one_of_three_recipients_is_refused_and_the_others_get_the_mail() -> None:
    """550 for one is permanent, with the reason; the other two mails are sent."""
    outcomes = {}
    with smtp_server() as box:
        box.on_recipient["gone@company.com"] = "550 5.1.1 no such user"
        for name in ("ceo", "gone", "cto"):
            destination = replace(TO_CEO, target=f"{name}@company.com")
            try:
                outcomes[name] = send_over(connection_to(box.port), destination, sample_content()).answer
            except DeliveryRefusedError as error:
                outcomes[name] = str(error)
    assert outcomes["ceo"] == outcomes["cto"] == "250 2.0.0 taken as 4711"
    assert outcomes["gone"] == "localhost answered 550 5.1.1 no such user to gone@company.com"
    assert [recipient for recipient, _ in box.messages] == ["ceo@company.com", "cto@company.com"]


def test_a_deferring_server_is_tried_again_later() -> None:
    """451 to the recipient and 452 to the message: nothing was accepted."""
    with smtp_server() as box:
        box.on_recipient["ceo@company.com"] = "451 4.7.1 greylisted, come back"
        with pytest.raises(DeliveryDeferredError, match="greylisted"):
            send_over(connection_to(box.port), TO_CEO, sample_content())
        box.on_recipient.clear()
        box.on_data = "452 4.3.1 disk full"
        with pytest.raises(DeliveryDeferredError, match="disk full"):
            send_over(connection_to(box.port), TO_CEO, sample_content())
    assert box.messages == []


def test_a_message_refused_after_its_end_is_refused_permanently() -> None:
    """554 to the message: the outcome is known, so it is not uncertain."""
    with smtp_server() as box:
        box.on_data = "554 5.7.1 looks like spam"
        with pytest.raises(DeliveryRefusedError, match="looks like spam"):
            send_over(connection_to(box.port), TO_CEO, sample_content())


@pytest.mark.parametrize("behaviour", ["hangs_after_data", "drops_after_data"])
def test_no_answer_after_the_whole_message_is_uncertain(behaviour: str) -> None:
    """The server may have accepted the mail, so it must not be repeated automatically."""
    with smtp_server() as box:
        setattr(box, behaviour, True)
        with pytest.raises(DeliveryUncertainError, match="may have accepted it"):
            send_over(connection_to(box.port, timeout_seconds=1), TO_CEO, sample_content())
        assert len(box.messages) == 1


@contextmanager
def _server_that(behave: str) -> Iterator[int]:
    """A TCP server that sends nothing, or disconnects after its greeting, or stops reading after DATA."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _ = listener.accept()
        with line:
            if behave == "says nothing":
                line.recv(100)
            else:
                line.sendall(b"220 hello\r\n")
                line.recv(100)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(10)
        listener.close()


@contextmanager
def _server_without_quit(answer: bytes, ended: threading.Event) -> Iterator[int]:
    """A server that accepts one mail and answers QUIT with these bytes, then with nothing."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _ = listener.accept()
        with line, line.makefile("rb") as lines:
            line.sendall(b"220 hello\r\n")
            for received in lines:
                command = received.split()[0].upper()
                if command == b"QUIT":
                    line.sendall(answer)
                    lines.read()  # until the client closes
                    break
                line.sendall(b"354 go on\r\n" if command == b"DATA" else b"250 fine\r\n")
                if command == b"DATA":
                    while lines.readline() != b".\r\n":
                        pass
                    line.sendall(b"250 taken\r\n")
        ended.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(10)
        listener.close()


@pytest.mark.parametrize("behave", ["says nothing", "hangs up"])
def test_a_failure_before_the_message_is_deferred(behave: str) -> None:
    """Nothing was sent, so it can be tried again."""
    with _server_that(behave) as port, pytest.raises(DeliveryDeferredError):
        send_over(connection_to(port, timeout_seconds=1), TO_CEO, sample_content())


def test_a_closed_port_is_deferred() -> None:
    """The server may be available later."""
    with pytest.raises(DeliveryDeferredError, match="cannot open a session with localhost"):
        send_over(connection_to(free_port()), TO_CEO, sample_content())


def test_a_wrong_password_is_refused_and_not_shown(
    authority: trustme.CA, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """535 is permanent until the connection is corrected; no message holds the password."""
    monkeypatch.setenv("SMTP_PASSWORD", "wr0ng-pass")
    login = {"username": "bot", "password": "env:SMTP_PASSWORD"}
    with smtp_server(authority) as box, pytest.raises(DeliveryRefusedError, match="535") as caught:
        send_over(connection_to(box.port, security="starttls", ca_file=ca_file, **login), TO_CEO, sample_content())
    assert "wr0ng-pass" not in str(caught.value)


def test_an_untrusted_certificate_is_refused(authority: trustme.CA) -> None:
    """No mail goes to a server with an unknown authority or without STARTTLS."""
    with smtp_server(authority) as box, pytest.raises(DeliveryRefusedError, match="certificate"):
        send_over(connection_to(box.port, security="starttls"), TO_CEO, sample_content())
    with smtp_server() as plain, pytest.raises(DeliveryRefusedError, match="does not support"):
        send_over(connection_to(plain.port, security="starttls"), TO_CEO, sample_content())
    assert box.messages == plain.messages == []


def test_a_connection_can_be_tested_without_sending() -> None:
    """Connect and NOOP."""
    with smtp_server() as box:
        assert check_over(connection_to(box.port)).startswith("250")
    assert box.messages == []


@pytest.fixture
def postfix() -> Iterator[tuple[int, Path]]:
    """A separate instance of Debian's postfix: its port, and the folder of its mailboxes."""
    master = program("postfix", "postfix")
    # pytest keeps its folders closed to other users, and postfix works as one
    folder = Path(tempfile.mkdtemp(prefix="policycortex-postfix-"))
    folder.chmod(0o755)
    port, owner = free_port(), Path("/var/lib/postfix").stat()
    etc, spool, data, mail = (folder / name for name in ("etc", "spool", "data", "mail"))
    for made in (etc, spool, data, mail):
        made.mkdir(parents=True)
    (etc / "main.cf").write_text(
        f"""compatibility_level = 3.6
queue_directory = {spool}
data_directory = {data}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.company.com
mydestination =
virtual_mailbox_domains = company.com
virtual_mailbox_base = {mail}
virtual_mailbox_maps = inline:{{ {{ ceo@company.com = ceo/ }} }}
virtual_uid_maps = static:{owner.st_uid}
virtual_gid_maps = static:{owner.st_gid}
virtual_minimum_uid = 1
message_size_limit = 2000000
maillog_file = {folder / "mail.log"}
maillog_file_prefixes = {folder}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{{ {{ busy@company.com = 451 4.3.0 come back later }} }}
"""
    )
    services = [f"127.0.0.1:{port} inet n - n - - smtpd"]
    services += ["pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr"]
    services += [
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
    ]
    services += ["trace unix - - n - 0 bounce", "showq unix n - n - - showq", "error unix - - n - - error"]
    services += [
        "virtual unix - n n - - virtual",
        "anvil unix - - n - 1 anvil",
        "postlog unix-dgram n - n - 1 postlogd",
    ]
    services += ["tlsmgr unix - - n 1000? 1 tlsmgr", "proxymap unix - - n - - proxymap", "retry unix - - n - - error"]
    (etc / "master.cf").write_text("\n".join(services) + "\n")
    for owned in (data, mail):
        os.chown(owned, owner.st_uid, owner.st_gid)
    done = subprocess.run([master, "-c", str(etc), "start"], capture_output=True, text=True, timeout=60, check=False)
    log = folder / "mail.log"
    assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")
    try:
        wait_for_port(port)
        yield port, mail
    finally:
        subprocess.run([master, "-c", str(etc), "stop"], capture_output=True, timeout=60, check=False)
        shutil.rmtree(folder)


def test_postfix_accepts_the_mail_and_refuses_unknown_recipients(postfix: tuple[int, Path], pdf: DeliveredFile) -> None:
    """The receipt has the server's queue id; 550, 554 and 451 are distinguished; the attachment is byte-equal."""
    port, mail = postfix
    receipt = send_over(connection_to(port, host="127.0.0.1"), TO_CEO, sample_content(pdf))
    assert "queued as" in receipt.answer
    with pytest.raises(DeliveryRefusedError, match="User unknown"):
        send_over(connection_to(port, host="127.0.0.1"), replace(TO_CEO, target="gone@company.com"), sample_content())
    with pytest.raises(DeliveryRefusedError, match="Relay access denied"):
        send_over(
            connection_to(port, host="127.0.0.1"), replace(TO_CEO, target="a@elsewhere.example"), sample_content()
        )
    with pytest.raises(DeliveryDeferredError, match=r"451 4\.3\.0.*come back later"):
        send_over(connection_to(port, host="127.0.0.1"), replace(TO_CEO, target="busy@company.com"), sample_content())
    end = time.monotonic() + 60
    while not (arrived := list((mail / "ceo").glob("new/*"))) and time.monotonic() < end:
        time.sleep(0.1)
    (attachment,) = read_mail(arrived[0].read_bytes()).iter_attachments()
    assert attachment.get_content() == pdf.path.read_bytes()


def test_postfix_refuses_a_mail_above_its_size_limit(postfix: tuple[int, Path], large: DeliveredFile) -> None:
    """The announced limit is compared before the data is sent; the refusal is permanent."""
    connection = connection_to(postfix[0], host="127.0.0.1", attachment_limit_mb=100)
    with pytest.raises(DeliveryRefusedError, match="552"):
        send_over(connection, TO_CEO, sample_content(large))
