"""What a newer scan replaces: the limits of one scan, by format and tool. Pure; ``docs/scoring.md`` has the table.

A newer scan replaces an older one for the same source, account, scan target and check. The scan target is written as
text: ``repository=https://example.com/shop; framework=terraform``, ``region=eu-west-1``; "" is the whole account.
"""


def limits_text(**limits: str | None) -> str:
    """A scan target as text, in the order given, without empty limits: ``cluster=c1; namespace=shop``."""
    return "; ".join(f"{name}={value}" for name, value in limits.items() if value)
