"""The cookie with a session's token. No page's script can read it, and no other site's request carries it."""

from collections.abc import Iterable
from dataclasses import dataclass

_NAME = "policycortex_session"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCookie:
    """The cookie of one server.

    Browsers do not separate cookies by port: another server under the same host name receives this cookie, too.
    """

    is_secure: bool
    """Whether people reach the server by https. The prefix then binds the cookie to exactly this host name."""

    @property
    def name(self) -> str:
        """Its name."""
        return f"__Host-{_NAME}" if self.is_secure else _NAME

    def to_header(self, token: str, *, max_age_seconds: int) -> str:
        """Set-Cookie with a token."""
        secure = "; Secure" if self.is_secure else ""
        return f"{self.name}={token}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Strict{secure}"

    def to_removal_header(self) -> str:
        """Set-Cookie that removes it."""
        return self.to_header("", max_age_seconds=0)

    def find_token(self, cookie_headers: Iterable[str]) -> str | None:
        """The token in Cookie headers. None without one, and with two different ones: one of them was planted."""
        pairs = (pair.strip().partition("=") for header in cookie_headers for pair in header.split(";"))
        tokens = {value for name, _, value in pairs if name == self.name and value}
        return tokens.pop() if len(tokens) == 1 else None
