"""ServiceAccounts as the API server names them: an account of a namespace is also a user.

Source: Kubernetes documentation, "Authenticating": ``system:serviceaccount:(NAMESPACE):(SERVICEACCOUNT)``.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

MAX_NAME: Final = 253
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")  # RFC 1123, as Kubernetes reads it
_USER: Final = re.compile(r"system:serviceaccount:([^:]+):([^:]+)")


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """The ServiceAccount ``name`` of ``namespace``."""

    namespace: str
    name: str

    @classmethod
    def of_user(cls, user: str) -> Self | None:
        """The account whose user name this is; None for any other user."""
        parts = _USER.fullmatch(user)
        return cls(*parts.groups()) if parts else None

    @property
    def user(self) -> str:
        """The name under which the API server knows the account as a user."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"


def is_account_name(text: str) -> bool:
    """Whether ``text`` can be the name of a ServiceAccount."""
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None
