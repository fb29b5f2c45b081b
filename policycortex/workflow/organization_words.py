"""What reports call an organisation: ``<home>/organizations.yaml``, or the value of ``POLICYCORTEX_ORGANIZATIONS``.

::

    acme: {name: Acme Corporation, prepared_by: Acme Security, classification: Confidential}
    "*": {classification: Internal}

A request's ``format_options.branding`` goes before it. How reports show it: ``templates/report``.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from policycortex.documents.branding import Branding
from policycortex.errors import ConfigurationError
from policycortex.field_types import check_line
from policycortex.settings import Settings

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
    given, path = settings.organizations, settings.home / FILE_NAME
    try:
        # settings lose their last line break, so a text of one line is recognised by its colon, as for connections
        if given is not None and ("\n" in given or ": " in given or given.startswith("{")):
            source, text = "POLICYCORTEX_ORGANIZATIONS", given
        elif given is not None or path.exists():
            source = given or str(path)
            text = Path(source).read_text(encoding="utf-8")
        else:
            return NO_WORDS
        found = _FILE.validate_python(yaml.safe_load(text) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"cannot read the names of organisations: {error}") from None
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors(include_input=False)
        )
        raise ConfigurationError(f"{source} cannot be used: {problems}") from None
    return found.get(organization) or found.get(ALL_OTHERS) or NO_WORDS
