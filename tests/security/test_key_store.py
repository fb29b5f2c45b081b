"""The installation's key: made once and private; values need the same key and purpose for decryption."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from policycortex.errors import ConfigurationError, IntegrityError
from policycortex.security.key_store import KeyStore, open_key_store
from policycortex.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home that does not exist yet."""
    return Settings(home=tmp_path / "home")


def test_the_key_is_made_once_and_is_private(settings: Settings) -> None:
    """Many processes at once agree on one key; file 0600, folders 0700."""
    with ThreadPoolExecutor(8) as pool:
        key_stores = list(pool.map(lambda _: open_key_store(settings), range(16)))
    assert len({key_store.key for key_store in key_stores}) == 1
    path = settings.home / "keys" / "installation.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, settings.home)} == {0o700}
    assert sorted(path.parent.iterdir()) == [path]
    assert repr(key_stores[0]) == "KeyStore()"


def test_a_value_is_decrypted_for_its_purpose_only(settings: Settings) -> None:
    """Another purpose, another key and a changed text are refused; the message has no content."""
    key_store = open_key_store(settings)
    sealed = key_store.seal("Tr0ub4dor&3", purpose="a")
    assert key_store.unseal(sealed, purpose="a") == "Tr0ub4dor&3"
    assert "Tr0ub4dor" not in sealed
    assert key_store.seal("Tr0ub4dor&3", purpose="a") != sealed
    changed = sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:]
    for other, text, purpose in (
        (key_store, sealed, "b"),
        (KeyStore(key=bytes(32)), sealed, "a"),
        (key_store, changed, "a"),
        (key_store, "no token", "a"),
    ):
        with pytest.raises(IntegrityError, match="cannot be decrypted"):
            other.unseal(text, purpose=purpose)


def test_the_key_may_be_configured(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By reference, never by value; an error does not show a bad one."""
    text = base64.b64encode(bytes(range(32))).decode()
    (tmp_path / "key").write_text(text + "\n")
    monkeypatch.setenv("SOME_KEY", text)
    for reference in (f"file:{tmp_path / 'key'}", "env:SOME_KEY"):
        assert open_key_store(settings.model_copy(update={"installation_key": reference})).key == bytes(range(32))
    assert not settings.home.exists()
    with pytest.raises(ConfigurationError, match="never the key itself") as refused:
        open_key_store(settings.model_copy(update={"installation_key": text}))
    assert text not in str(refused.value)
    (tmp_path / "key").write_text("c2hvcnQ=")
    with pytest.raises(ConfigurationError, match="32 bytes"):
        open_key_store(settings.model_copy(update={"installation_key": f"file:{tmp_path / 'key'}"}))
