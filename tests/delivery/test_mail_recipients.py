"""Who gets a mail, whom it names, and whom it tells to ask."""

from dataclasses import replace

import pytest

from policycortex.channels.mail import EmailBody
from policycortex.errors import DeliveryRefusedError
from tests.support.receivers import smtp_server
from tests.support.samples.delivery import sample_content, send_over
from tests.support.samples.mail import TO_CEO, connection_to, read_mail


def test_mails_name_recipients_and_copies_but_no_hidden_ones() -> None:
    """Three mails of the same headers; the envelope of each has one person."""
    body = EmailBody.model_validate(
        {"recipients": ["ceo@company.com"], "cc": ["cto@company.com"], "bcc": ["auditor@company.com"]}
    )
    with smtp_server() as box:
        for target in body.targets():
            destination = replace(TO_CEO, target=target.address, shown_to=target.shown_to, shown_cc=target.shown_cc)
            send_over(connection_to(box.port), destination, sample_content())
    assert [envelope for envelope, _ in box.messages] == ["ceo@company.com", "cto@company.com", "auditor@company.com"]
    for mail in (read_mail(raw) for _, raw in box.messages):
        assert (mail["To"], mail["Cc"], mail["Bcc"]) == ("ceo@company.com", "cto@company.com", None)


def test_each_member_of_a_group_gets_a_mail_of_its_own() -> None:
    """Past 100 recipients; nobody is named to another, and somebody who is in two groups gets one delivery's key."""
    members = [f"u{number}@company.com" for number in range(250)]
    connection = connection_to(25, groups={"managers": members, "board": ["chair@company.com", "U1@company.com"]})
    body = EmailBody.model_validate({"groups": ["managers", "board"]})
    targets = list(body.targets_over(connection))
    assert [target.address for target in targets] == [*members, "chair@company.com", "U1@company.com"]
    assert {target.shown_to for target in targets} == {()}
    assert body.problem_with(connection) is None
    unknown = EmailBody.model_validate({"groups": ["owners"]})
    assert unknown.problem_with(connection) == "The connection has no group 'owners'; known are board, managers"


def test_a_group_that_was_removed_fails_with_a_reason() -> None:
    """The delivery shows it; no mail is sent."""
    (target,) = EmailBody.model_validate({"groups": ["board"]}).targets_over(connection_to(25))
    with smtp_server() as box, pytest.raises(DeliveryRefusedError, match="no group 'board'"):
        send_over(connection_to(box.port), replace(TO_CEO, target=target.address), sample_content())
    assert box.messages == []


def test_every_mail_says_whom_to_ask() -> None:
    """The sender without anything else; a contact also by a header that mail programs show."""
    with smtp_server() as box:
        send_over(connection_to(box.port), TO_CEO, sample_content())
        send_over(connection_to(box.port, contact="Ops <ops@company.com>"), TO_CEO, sample_content())
    plain, with_contact = [read_mail(raw) for _, raw in box.messages]
    assert plain["List-Unsubscribe"] is None
    assert (
        with_contact["List-Unsubscribe"].strip()
        == "<mailto:ops@company.com?subject=unsubscribe%20sch_1234567890abcdef>"
    )
    for mail, address in ((plain, "reports@company.com"), (with_contact, "ops@company.com")):
        for kind in ("html", "plain"):
            part = mail.get_body((kind,))
            assert part is not None
            assert f"no longer responsible? Write to {address}." in part.get_content()
