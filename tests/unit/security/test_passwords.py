"""Which passwords are taken, and that a refusal never repeats one."""

import pytest

from policycortex.security.passwords import password_problem

GOOD = (
    "Tr0ub4dor&3-xyz",
    "correct horse battery staple",
    "xk7-Qm2!vB9z",
    "S3cret-Passw0rd!x",
    "a much longer phrase of seven words",
)
BAD = {
    "": "12 to 127",
    "Sh0rt!": "12 to 127",
    "x" * 40: "different characters",
    "Aa1!Aa1!Aa1!Aa1!": "different characters",
    "123456789012": "sequence of neighbouring",
    "abcdefghijklmnop": "sequence of neighbouring",
    "Password1234!": "guessed first",
    "PasswordPassword99": "guessed first",
    "alllowercasetext": "Needs three of",
    "Größenwahn-2026-x": "printable ASCII",
    " Tr0ub4dor&3-xyz": "begin or end with a space",
    "Tr0ub4dor\t&3-xyz": "printable ASCII",
    "aB3-" + "xyzq" * 40: "12 to 127",
}


@pytest.mark.parametrize("password", GOOD)
def test_strong_passwords_are_taken(password: str) -> None:
    """Three kinds of signs, or a phrase."""
    assert password_problem(password) is None


@pytest.mark.parametrize(("password", "message"), BAD.items(), ids=range(len(BAD)))
def test_weak_passwords_are_refused_with_the_reason(password: str, message: str) -> None:
    """And the reason does not show it."""
    problem = password_problem(password)
    assert problem is not None
    assert message in problem
    assert not password or password not in problem
