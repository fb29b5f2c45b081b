"""Cookies of the servers for people: a session's token, and a sign-in that has begun. No script can read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCookie:
    """The cookie of one server. With SameSite=Strict, no other site's request carries it.

    Browsers do not separate cookies by port: another server under the same host name receives this cookie, too.
    """

    is_secure: bool
    """Whether people reach the server by https. The prefix then binds the cookie to exactly this host name."""
    purpose: Literal["session", "sign_in"] = "session"
    same_site: Literal["Strict", "Lax"] = "Strict"
    """Lax: also sent when a page of another site opens a page here, as an identity provider does."""

    @property
    def name(self) -> str:
        """Its name."""
        name = f"policycortex_{self.purpose}"
        return f"__Host-{name}" if self.is_secure else name

    def to_header(self, token: str, *, max_age_seconds: int) -> str:
        """Set-Cookie with a token."""
        secure = "; Secure" if self.is_secure else ""
        return f"{self.name}={token}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite={self.same_site}{secure}"

    def to_removal_header(self) -> str:
        """Set-Cookie that removes it."""
        return self.to_header("", max_age_seconds=0)

    def find_token(self, cookie_headers: Iterable[str]) -> str | None:
        """The token in Cookie headers. None without one, and with two different ones: one of them was planted."""
        pairs = (pair.strip().partition("=") for header in cookie_headers for pair in header.split(";"))
        tokens = {value for name, _, value in pairs if name == self.name and value}
        return tokens.pop() if len(tokens) == 1 else None
