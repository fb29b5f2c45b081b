"""Checks that ASN.1 has its canonical DER encoding: other bytes of the same meaning are a change, too."""

from collections.abc import Iterator

from asn1crypto import cms, core, parser


def is_plain(der: bytes) -> bool:
    """Whether each length has its shortest form and no bytes surround a value. Raises ValueError on no ASN.1."""
    kind, form, tag, _, content, _ = parser.parse(der)
    if parser.emit(kind, form, tag, content) != der:
        return False
    return form == 0 or all(is_plain(part) for part in _split(content))


def is_true(signed: cms.SignedData) -> bool:
    """Whether each part, also of a time stamp, encodes to the bytes that it was read from."""
    return all(_read_from(part) == part.dump(force=True) for part in _parts(signed))


def _parts(signed: cms.SignedData) -> Iterator[core.Asn1Value]:
    """The parts one by one: encoding a time-stamped signature in one piece doubles the work with each level."""
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
