"""A username with a password, or a token: it has no ``repr`` of its secrets, so that no log has them."""

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credential:
    """A username with a password, or an identity token (an OAuth 2.0 refresh token) for the token service."""

    username: str
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def size(self) -> int:
        """How many characters it has, to bound what is kept of them."""
        return len(self.username) + len(self.password) + len(self.identity_token)

    @property
    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")
