"""Whether ASN.1 is written in the one way that DER allows: bytes that mean the same are a change all the same."""

from collections.abc import Iterator

from asn1crypto import cms, core, parser


def is_plain(der: bytes) -> bool:
    """Every length in its shortest form, nothing before or behind a value. Raises ValueError on what is no ASN.1."""
    kind, form, tag, _, content, _ = parser.parse(der)
    if parser.emit(kind, form, tag, content) != der:
        return False
    return form == 0 or all(is_plain(part) for part in _split(content))


def is_true(signed: cms.SignedData) -> bool:
    """Whether each part encodes to the bytes it was read from, those of a time stamp too."""
    return all(_read_from(part) == part.dump(force=True) for part in _parts(signed))


def _parts(signed: cms.SignedData) -> Iterator[core.Asn1Value]:
    """One by one: encoding a signature with a time stamp anew in one piece doubles its work with each level."""
    yield from (signed[name] for name in signed if name != "signer_infos")
    for info in signed["signer_infos"]:
        yield from (info[name] for name in info if name != "unsigned_attrs")
        for attribute in info["unsigned_attrs"] or ():
            for token in attribute["values"]:
                yield from _parts(token["content"])


def _read_from(part: core.Asn1Value) -> bytes:
    der: bytes = part.dump()
    return der


def _split(content: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        end = at + parser.peek(content[at:])
        yield content[at:end]
        at = end
