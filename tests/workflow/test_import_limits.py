"""Attacks on the limits of imports: paths that lead out of the landing zone, as text, as link, as pattern, as URL."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from policycortex.errors import InputError
from policycortex.findings.samples import write_samples
from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.workflow.import_limits import import_limits
from policycortex.workflow.ingest import ingest_files

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def zone(home_settings: Settings) -> Path:
    """The landing zone with one file, and a secret beside the zone."""
    folder = home_settings.home / "landing"
    folder.mkdir(parents=True)
    _write_scan(folder)
    secrets = home_settings.home / "secrets"
    secrets.mkdir()
    _write_scan(secrets)
    return folder


def _write_scan(folder: Path) -> None:
    day = date(2026, 1, 1)
    write_samples(folder, period=Period.of_days(day, day), findings_per_scan=5, clouds=("aws",))


def _import(settings: Settings, *paths: object) -> int:
    limits = import_limits(settings)
    return ingest_files(settings, [str(p) for p in paths], organization="acme", now=NOW, limits=limits).kept


@pytest.mark.parametrize(
    "path",
    [
        "{zone}/../secrets",
        "{zone}/../secrets/*",
        "{zone}/*/../../secrets/*",
        "{zone}/../../no/such/file",
        "{zone}/link-to-folder",
        "{zone}/link-to-folder/*",
        "{zone}-beside/x.json",
        "/etc/p*",
        "/",
        "x.json",
        "s3://scans/secret.json",
        "s3://landing-of-others/x.json",
    ],
)
def test_a_path_that_leads_out_of_the_zone_is_refused(home_settings: Settings, zone: Path, path: str) -> None:
    """The message is the same whether something is there or not."""
    (zone / "link-to-folder").symlink_to(zone.parent / "secrets")
    with pytest.raises(InputError, match="may not be imported by a run"):
        _import(home_settings, path.format(zone=zone))


@pytest.mark.parametrize("pattern", ["{zone}", "{zone}/**/*", "{zone}/l*/*"])
def test_links_inside_the_zone_are_not_followed_out_of_it(home_settings: Settings, zone: Path, pattern: str) -> None:
    """A link to a file and a link to a folder, found by a folder or a pattern: only the zone's own file is read."""
    (inside,) = zone.iterdir()
    (secret,) = (zone.parent / "secrets").iterdir()
    secret.write_bytes(secret.read_bytes().replace(b"resource", b"secret--"))
    (zone / "link.json").symlink_to(secret)
    (zone / "link-to-folder").symlink_to(secret.parent)
    (zone / "local").mkdir()
    inside.rename(zone / "local" / inside.name)
    assert _import(home_settings, pattern.format(zone=zone)) == 5


def test_one_bad_path_imports_nothing(home_settings: Settings, zone: Path) -> None:
    """The good path beside it is not imported either."""
    with pytest.raises(InputError):
        _import(home_settings, zone, "/etc/passwd")
    assert _import(home_settings, zone) == 5


def test_configured_folders_and_the_landing_bucket_are_allowed(tmp_path: Path) -> None:
    """POLICYCORTEX_IMPORT_FOLDERS adds folders and prefixes; a prefix ends at a slash."""
    folder = tmp_path / "scans"
    folder.mkdir()
    _write_scan(folder)
    settings = Settings(
        home=tmp_path / "home", landing_url="s3://bucket/landing", import_folders=(str(folder), "s3://other/scans/")
    )
    assert _import(settings, folder) == 5
    limits = import_limits(settings)
    limits.check("s3://bucket/landing/acme/x.json")
    limits.check("s3://other/scans/*.json")
    for url in ("s3://bucket/landing-2/x.json", "s3://bucket/landing/../x.json", "s3://other/x", "/landing/x"):
        with pytest.raises(InputError):
            limits.check(url)


def test_the_command_line_imports_what_its_user_names(home_settings: Settings, zone: Path) -> None:
    """Without limits every path is read, with the rights of the user."""
    done = ingest_files(home_settings, [zone.parent / "secrets"], organization="acme", now=NOW)
    assert done.kept == 5
