"""Which passwords are taken: strong against guessing at the file itself, and read alike by every program."""

from typing import Final

SHORTEST: Final = 12
LONGEST: Final = 127
"""PDF's own limit; Excel and zip take more."""
_PHRASE: Final = 20
"""So long a password may be of one kind of sign: a phrase."""
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
    """Why it is not taken, in words that never repeat it; None for a good one."""
    if not all(" " <= sign <= "~" for sign in password):
        return "Must be of printable ASCII signs: programs that open files do not agree on how others are encoded"
    if password != password.strip():
        return "Must not begin or end with a space"
    if not SHORTEST <= len(password) <= LONGEST:
        return f"Must have {SHORTEST} to {LONGEST} characters"
    if len(set(password)) < _FEWEST_DISTINCT:
        return f"Repeats itself; use at least {_FEWEST_DISTINCT} different characters"
    if _is_run(password.lower()):
        return "Is a run of neighbouring signs, which is guessed first"
    if _is_common(password.lower()):
        return "Is made of words that are guessed first; use others"
    if len(password) < _PHRASE and _kinds(password) < 3:
        return (
            f"Needs three of: small letters, capitals, digits, other signs; or {_PHRASE} characters, such as a phrase"
        )
    return None


def _kinds(password: str) -> int:
    tests = (str.islower, str.isupper, str.isdigit, lambda sign: not sign.isalnum())
    return sum(any(test(sign) for sign in password) for test in tests)


def _is_run(text: str) -> bool:
    """Whether hardly any step leaves a known run."""
    pairs = {run[n : n + 2] for run in _RUNS for n in range(len(run) - 1)}
    pairs |= {pair[::-1] for pair in pairs}
    steps = [text[n : n + 2] for n in range(len(text) - 1)]
    return sum(step in pairs for step in steps) >= 0.8 * len(steps)


def _is_common(text: str) -> bool:
    """Whether nothing but guessable words is left once digits and signs are out."""
    letters = "".join(sign for sign in text if sign.isalpha())
    for word in sorted(_COMMON, key=len, reverse=True):
        letters = letters.replace(word, "")
    return len(letters) < 3 and any(sign.isalpha() for sign in text)
