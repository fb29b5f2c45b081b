"""Names of evidence files in bundles and manifests. They never contain a name given by users."""

from typing import Final, Protocol

PREFIX: Final = "evidence-"


class NamedFile(Protocol):
    """What a name is made of."""

    @property
    def sha256(self) -> str:
        """Hex."""
        ...

    @property
    def key(self) -> str:
        """Of the stored file; it ends with the extension."""
        ...


def evidence_name(file: NamedFile) -> str:
    """``evidence-<first 16 of sha256>.<extension>``."""
    return f"{PREFIX}{file.sha256[:16]}.{file.key.rpartition('.')[2]}"
