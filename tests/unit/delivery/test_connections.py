"""The connections file: what it may hold, and how mistakes are reported."""

from pathlib import Path

import pytest

from policycortex.channels.connection_settings import secret_of
from policycortex.channels.connections import Connections, load_connections, without_secrets
from policycortex.channels.mail import EmailConnection
from policycortex.channels.slack import SlackConnection
from policycortex.errors import ConfigurationError, NotFoundError
from policycortex.settings import Settings

MAIL = """
connections:
  mail:
    {type: email, host: smtp.example.com, username: bot, password: "env:SMTP_PASSWORD", sender: "R <r@example.com>"}
"""


def _load(text: str, home: Path = Path("unused")) -> Connections:
    return load_connections(Settings(home=home, connections=f"# two lines are text, not a path\n{text}"))


def test_the_homes_file_is_read_and_none_is_no_error(tmp_path: Path) -> None:
    """A new installation has no connections and works."""
    assert load_connections(Settings(home=tmp_path)).connections == {}
    (tmp_path / "connections.yaml").write_text(MAIL)
    mail = load_connections(Settings(home=tmp_path)).get("mail")
    assert isinstance(mail, EmailConnection)
    assert (mail.port, mail.security) == (587, "starttls")


def test_the_environment_names_a_file_or_holds_the_text(tmp_path: Path) -> None:
    """``POLICYCORTEX_CONNECTIONS`` wins over the home's file."""
    path = tmp_path / "other.yaml"
    path.write_text(MAIL)
    assert load_connections(Settings(home=tmp_path, connections=str(path))).get("mail")
    assert _load(MAIL).get("mail")
    one_line = 'connections: {hook: {type: webhook, secret: "env:HOOK_SECRET"}}'
    assert load_connections(Settings(home=tmp_path, connections=one_line)).get("hook")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("connections: [", "is not YAML"),
        ("- a", "must hold a mapping"),
        ("conections: {}", "conections: Extra inputs"),
        ("connections: {x: {type: fax}}", "'fax'"),
        ("connections: {x: {type: email}}", "x.email.host: Field required"),
        ("connections: {x: {type: slack, token: xoxb-plain}}", "never hold it"),
        ("connections: {x: {type: email, host: h, sender: a@b.c, port: 0}}", "port"),
        ("connections: {x: {type: email, host: h, sender: a@b.c, username: u}}", "go together"),
        (
            'connections: {x: {type: email, host: h, sender: a@b.c, username: u, password: "env:P", security: none}}',
            "without TLS",
        ),
        ('connections: {x: {type: email, host: h, sender: "a@b.c\\nBcc: x@y.z"}}', "one line"),
        ("connections: {x: {type: sftp, host: h, username: u, host_key: k}}", "either password or private_key"),
        ("connections: {x: {type: s3, bucket: b}}", "use_machine_identity"),
        ("connections: {x: {type: gcs, bucket: b}}", "service_account"),
        ("connections: {x: {type: azure_blob, account: a, container: c}}", "give one of"),
        ('connections: {"Bad Name": {type: teams, url: "env:X"}}', "Bad Name"),
        ("allow_networks: [10.0.0.0/99]", "allow_networks"),
        ("alerts: {default: {connection: nowhere}}", "'nowhere', which does not exist"),
    ],
)
def test_each_mistake_is_reported_with_its_place(text: str, word: str) -> None:
    """One line that names the entry, and never a secret."""
    with pytest.raises(ConfigurationError) as caught:
        _load(text)
    assert word in str(caught.value)
    assert "xoxb-plain" not in str(caught.value)


def test_several_mistakes_are_reported_together() -> None:
    """All entries can be corrected at once."""
    with pytest.raises(ConfigurationError) as caught:
        _load("connections: {a: {type: teams}, b: {type: webhook}}")
    assert "a.teams.url" in str(caught.value)
    assert "b.webhook.secret" in str(caught.value)


def test_secrets_are_read_when_they_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment or a file, without the last line break; a missing secret is named."""
    monkeypatch.setenv("SMTP_PASSWORD", "s3cret")
    assert secret_of("env:SMTP_PASSWORD") == "s3cret"
    path = tmp_path / "secret"
    path.write_text("from file\n")
    assert secret_of(f"file:{path}") == "from file"
    monkeypatch.delenv("SMTP_PASSWORD")
    for reference in ("env:SMTP_PASSWORD", f"file:{tmp_path / 'absent'}", None):
        with pytest.raises(ConfigurationError):
            secret_of(reference)


def test_the_connection_of_a_request_is_found_or_must_be_named() -> None:
    """The named one, the one with the channel's name, or the only one; never another organisation's."""
    two = _load(
        'connections: {a: {type: teams, url: "env:A"}, b: {type: teams, url: "env:B"},'
        ' hook: {type: webhook, secret: "env:C", organizations: [acme]}}'
    )
    assert two.name_for("teams", "b", "acme") == "b"
    assert two.name_for("webhook", None, "acme") == "hook"
    with pytest.raises(NotFoundError, match="name one of a, b"):
        two.name_for("teams", None, "acme")
    with pytest.raises(NotFoundError, match="no connection of type webhook"):
        two.name_for("webhook", None, "other")
    with pytest.raises(NotFoundError, match="known: none is configured"):
        two.name_for("webhook", "hook", "other")
    with pytest.raises(NotFoundError, match="no connection of type slack"):
        two.name_for("slack", None, "acme")


def test_a_secret_in_an_answer_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, twice, and cut at the end of the answer; other text stays."""
    monkeypatch.setenv("TOKEN", "xoxb-planted-4711")
    slack = SlackConnection(type="slack", token="env:TOKEN")
    text = without_secrets(slack, "xoxb-planted-4711 is wrong, Bearer xoxb-planted-4711, or xoxb-plan")
    assert text == "(env:TOKEN) is wrong, Bearer (env:TOKEN), or (env:TOKEN)"
    assert without_secrets(slack, "no such channel") == "no such channel"
