"""What reports call an organisation comes from a file or a variable, and mistakes in it are reported."""

from pathlib import Path

import pytest

from policycortex.documents.branding import Branding
from policycortex.errors import ConfigurationError
from policycortex.settings import Settings
from policycortex.workflow.organization_words import NO_WORDS, OrganizationWords, load_organization_words

_TEXT = 'acme: {name: Acme Corporation, prepared_by: Acme Security}\n"*": {classification: Internal}\n'


def test_each_organisation_has_its_words_and_others_those_of_the_star(tmp_path: Path) -> None:
    """From the file in the home, or from the variable; without both there are none."""
    assert load_organization_words(Settings(home=tmp_path), "acme") == NO_WORDS
    (tmp_path / "organizations.yaml").write_text(_TEXT, encoding="utf-8")
    for settings in (Settings(home=tmp_path), Settings(home=tmp_path / "other", organizations=_TEXT)):
        assert load_organization_words(settings, "acme") == OrganizationWords(
            name="Acme Corporation", prepared_by="Acme Security"
        )
        assert load_organization_words(settings, "beta") == OrganizationWords(classification="Internal")


def test_a_request_goes_before_the_configuration() -> None:
    """Words of the request stay; missing ones are completed, its colours and company are kept."""
    words = OrganizationWords(prepared_by="Acme Security", classification="Internal")
    branding = words.complete(Branding(company="Auditors Ltd", classification="Secret"))
    assert branding == Branding(company="Auditors Ltd", prepared_by="Acme Security", classification="Secret")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("acme: {nam: Acme}", "acme.nam: Extra inputs"),
        ("acme: {name: 'a\\nb'}\n", ""),
        ('acme: {name: "a\\nb"}', "acme.name: Must be one line"),
        (f"acme: {{classification: {'x' * 41}}}", "acme.classification: String should have at most 40"),
        ("acme: [1]", "acme: Input should be"),
        ("acme: {", "POLICYCORTEX_ORGANIZATIONS is not YAML"),
        ("/no/such/file", "cannot read /no/such/file"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    """The message names the organisation and the field; a text in single quotes has no line end, so it is right."""
    settings = Settings(home=tmp_path, organizations=text)
    if not reason:
        assert load_organization_words(settings, "acme").name == "a\\nb"
        return
    with pytest.raises(ConfigurationError, match=reason):
        load_organization_words(settings, "acme")
