"""DuckDB's extensions: each file's signature is checked once per process, and one that was changed is never loaded."""

from pathlib import Path

import pytest

from policycortex.errors import ConfigurationError
from policycortex.settings import Settings
from policycortex.storage import lake_attach
from policycortex.storage.lake import open_lake


def test_a_changed_extension_is_refused_even_beside_sound_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound files were loaded by this process already; that says nothing of another one."""
    settings = Settings(home=tmp_path)
    with open_lake(settings):
        pass
    sound = lake_attach._extension_path("ducklake")
    changed = tmp_path / sound.name
    content = bytearray(sound.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    found = lake_attach._extension_path
    monkeypatch.setattr(lake_attach, "_extension_path", lambda name: changed if name == "ducklake" else found(name))
    with pytest.raises(ConfigurationError, match="signature"), open_lake(settings):
        pass
    assert changed not in lake_attach._CHECKED
