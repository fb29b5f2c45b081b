"""The fields of a SARIF file that are kept, typed; others are dropped. No rules: see ``formats.sarif``."""

from datetime import datetime
from typing import Any

import msgspec

from policycortex.findings.model import Listing, ScanNote
from policycortex.findings.scan_targets import limits_text


class Text(msgspec.Struct, gc=False):
    text: str | None = None
    markdown: str | None = None


class Message(Text, gc=False):
    id: str | None = None
    arguments: list[str] | None = None


class Configuration(msgspec.Struct, gc=False):
    level: str | None = None


class SarifCheck(msgspec.Struct, gc=False):
    """A ``reportingDescriptor``: the tool's description of one of its checks."""

    id: str
    name: str | None = None
    shortDescription: Text | None = None  # noqa: N815 - SARIF's own name
    fullDescription: Text | None = None  # noqa: N815
    help: Text | None = None
    helpUri: str | None = None  # noqa: N815
    defaultConfiguration: Configuration | None = None  # noqa: N815
    properties: dict[str, Any] | None = None
    messageStrings: dict[str, Text] | None = None  # noqa: N815


class Driver(msgspec.Struct, gc=False):
    name: str = "sarif"
    version: str | None = None
    semanticVersion: str | None = None  # noqa: N815
    rules: list[Any] | None = None

    def checks(self) -> list[SarifCheck | None]:
        """Its checks in their order; None for an entry that cannot be read."""
        return [_check_of(each) for each in self.rules or ()]


class Tool(msgspec.Struct, gc=False):
    driver: Driver
    extensions: list[Driver] | None = None


class Notification(msgspec.Struct, gc=False):
    level: str | None = None
    message: Text | None = None


class Folder(msgspec.Struct, gc=False):
    uri: str | None = None


class RunProperties(msgspec.Struct, gc=False):
    """What Trivy writes of a container image."""

    imageName: str | None = None  # noqa: N815


class Invocation(msgspec.Struct, gc=False):
    startTimeUtc: str | None = None  # noqa: N815
    endTimeUtc: str | None = None  # noqa: N815
    workingDirectory: Folder | None = None  # noqa: N815
    executionSuccessful: bool | str | None = None  # noqa: N815
    exitCodeDescription: str | None = None  # noqa: N815
    exitSignalName: str | None = None  # noqa: N815
    toolExecutionNotifications: list[Notification] | None = None  # noqa: N815
    toolConfigurationNotifications: list[Notification] | None = None  # noqa: N815


class Repository(msgspec.Struct, gc=False):
    repositoryUri: str | None = None  # noqa: N815
    branch: str | None = None


class Automation(msgspec.Struct, gc=False):
    id: str | None = None


class Artifact(msgspec.Struct, gc=False):
    uri: str | None = None


class Region(msgspec.Struct, gc=False):
    startLine: int | None = None  # noqa: N815


class Physical(msgspec.Struct, gc=False):
    artifactLocation: Artifact | None = None  # noqa: N815
    region: Region | None = None


class Logical(msgspec.Struct, gc=False):
    fullyQualifiedName: str | None = None  # noqa: N815
    name: str | None = None
    kind: str | None = None


class Location(msgspec.Struct, gc=False):
    physicalLocation: Physical | None = None  # noqa: N815
    logicalLocations: list[Logical] | None = None  # noqa: N815


class Suppression(msgspec.Struct, gc=False):
    status: str | None = None


class PartReference(msgspec.Struct, gc=False):
    index: int | None = None
    name: str | None = None


class CheckReference(msgspec.Struct, gc=False):
    id: str | None = None
    index: int | None = None
    toolComponent: PartReference | None = None  # noqa: N815


class SarifResult(msgspec.Struct, gc=False):
    message: Message = msgspec.field(default_factory=Message)
    ruleId: str | None = None  # noqa: N815
    ruleIndex: int | None = None  # noqa: N815
    rule: CheckReference | None = None
    kind: str | None = None
    level: str | None = None
    baselineState: str | None = None  # noqa: N815
    guid: str | None = None
    fingerprints: dict[str, str] | None = None
    partialFingerprints: dict[str, str] | None = None  # noqa: N815
    locations: list[Location] | None = None
    suppressions: list[Suppression] | None = None
    properties: dict[str, Any] | None = None


class SarifRun(msgspec.Struct):
    """Tool, time and repository of one run, collected before its results are read."""

    driver: Driver = msgspec.field(default_factory=Driver)
    checks: dict[str, SarifCheck] = msgspec.field(default_factory=dict)
    listed: dict[int, list[SarifCheck | None]] = msgspec.field(default_factory=dict)
    """Checks in their order, by part of the tool: -1 for its driver, from 0 for its extensions."""
    observed_at: datetime | None = None
    repository: str = ""
    branch: str = ""
    image: str = ""
    automation: str = ""
    """``automationDetails.id`` without the part that names the run."""
    root: str = ""
    """Path of the scanned folder, where it names a repository."""
    working_directory: str = ""
    """The same of the folder that the tool ran in."""
    has_failed: bool = False
    has_problem: bool = False
    """The tool has ended well, but reports an error: it may not have looked at everything."""
    has_results: bool = False
    records: int = 0
    notes: list[ScanNote] = msgspec.field(default_factory=list)

    @property
    def target(self) -> str:
        """What was scanned: repository and branch, or a container image, or a folder; "" if the run names none."""
        named = limits_text(repository=self.repository, branch=self.branch, image=self.image)
        return named or limits_text(path=self.root or self.working_directory)

    @property
    def target_part(self) -> str:
        """What distinguishes the run from others of the tool on the same target, such as a language."""
        return limits_text(automation=self.automation)

    @property
    def listing(self) -> Listing | None:
        """A run that failed or reports errors has not looked at everything."""
        return Listing.PART if self.has_failed or self.has_problem else None


def _check_of(value: object) -> SarifCheck | None:
    try:
        return msgspec.convert(value, SarifCheck)
    except msgspec.ValidationError:
        return None
