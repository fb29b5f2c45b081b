"""What reports call an organisation: ``<home>/organizations.yaml``, or the value of ``POLICYCORTEX_ORGANIZATIONS``.

::

    acme: {name: Acme Corporation, prepared_by: Acme Security, classification: Confidential}
    "*": {classification: Internal}

A request's ``format_options.branding`` goes before it. How reports show it: ``templates/report``.
"""

from dataclasses import replace
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from policycortex.documents.branding import Branding
from policycortex.field_types import check_line
from policycortex.settings import Settings
from policycortex.yaml_settings import invalid_setting, read_yaml_setting

FILE_NAME: Final = "organizations.yaml"
ALL_OTHERS: Final = "*"


class OrganizationWords(BaseModel):
    """One organisation's words; empty ones are not configured."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(max_length=120), AfterValidator(check_line)] = ""
    """For readers, in place of the organisation's id."""
    prepared_by: Annotated[str, Field(max_length=120), AfterValidator(check_line)] = ""
    classification: Annotated[str, Field(max_length=40), AfterValidator(check_line)] = ""

    def complete(self, branding: Branding) -> Branding:
        """The branding of a request, with these words where it has none."""
        return replace(
            branding,
            prepared_by=branding.prepared_by or self.prepared_by,
            classification=branding.classification or self.classification,
        )


NO_WORDS: Final = OrganizationWords()
_FILE: Final = TypeAdapter(dict[str, OrganizationWords])


def load_organization_words(settings: Settings, organization: str) -> OrganizationWords:
    """The words of one organisation; empty ones without a file. Raises ConfigurationError with what to correct."""
    path = settings.home / FILE_NAME
    content, source = read_yaml_setting(settings.organizations, path, "POLICYCORTEX_ORGANIZATIONS")
    try:
        found = _FILE.validate_python(content or {})
    except ValidationError as error:
        raise invalid_setting(source, error) from None
    return found.get(organization) or found.get(ALL_OTHERS) or NO_WORDS
