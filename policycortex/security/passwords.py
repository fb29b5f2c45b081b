"""The password policy: strong against guessing offline, and encoded alike by all programs."""

from typing import Final

SHORTEST: Final = 12
LONGEST: Final = 127
"""PDF's own limit; Excel and zip take more."""
_PHRASE: Final = 20
"""From this length a password may have one kind of character: a phrase."""
_FEWEST_DISTINCT: Final = 6
_COMMON: Final = (
    "password", "passwort", "passw", "secret", "letmein", "welcome", "qwerty", "qwertz", "admin", "changeme",
    "iloveyou", "monkey", "dragon", "master", "login", "abc", "compliance", "report", "policycortex", "company",
)  # fmt: skip
_RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
)


def password_problem(password: str) -> str | None:
    """The reason to refuse a password, which never contains it; None for a good password."""
    if not all(" " <= sign <= "~" for sign in password):
        return "Must have printable ASCII characters only: programs encode others differently"
    if password != password.strip():
        return "Must not begin or end with a space"
    if not SHORTEST <= len(password) <= LONGEST:
        return f"Must have {SHORTEST} to {LONGEST} characters"
    if len(set(password)) < _FEWEST_DISTINCT:
        return f"Repeats itself; use at least {_FEWEST_DISTINCT} different characters"
    if _is_run(password.lower()):
        return "Is a sequence of neighbouring characters, which is guessed first"
    if _is_common(password.lower()):
        return "Consists of words that are guessed first; use others"
    if len(password) < _PHRASE and _kinds(password) < 3:
        return f"Needs three of: small letters, capitals, digits, other characters; or {_PHRASE} characters"
    return None


def _kinds(password: str) -> int:
    tests = (str.islower, str.isupper, str.isdigit, lambda sign: not sign.isalnum())
    return sum(any(test(sign) for sign in password) for test in tests)


def _is_run(text: str) -> bool:
    """Whether at least 80 % of neighbouring pairs are from a known sequence."""
    pairs = {run[n : n + 2] for run in _RUNS for n in range(len(run) - 1)}
    pairs |= {pair[::-1] for pair in pairs}
    steps = [text[n : n + 2] for n in range(len(text) - 1)]
    return sum(step in pairs for step in steps) >= 0.8 * len(steps)


def _is_common(text: str) -> bool:
    """Whether only common words are left without digits and other characters."""
    letters = "".join(sign for sign in text if sign.isalpha())
    for word in sorted(_COMMON, key=len, reverse=True):
        letters = letters.replace(word, "")
    return len(letters) < 3 and any(sign.isalpha() for sign in text)
