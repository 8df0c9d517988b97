"""Which right an account lacks, read off the API server's refusal, and in words what to grant to which account.

Format: the text of a 403 as the API server makes it (apiserver, ``responsewriters.forbiddenMessage``):
``User "U" cannot V resource "R[/S]" in API group "G" in the namespace "N"``, or ``at the cluster scope``.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

from pattern_operator.api.account import ServiceAccount
from pattern_operator.kube.errors import ApiError

_REFUSED: Final = re.compile(
    r'\bUser "(?P<user>[^"]{1,600})" cannot (?P<verb>[a-z]{1,32}) resource "(?P<resource>[a-z0-9./-]{1,253})"'
    r'(?: in API group "(?P<group>[a-z0-9.-]{0,253})")?(?: in the namespace "(?P<namespace>[a-z0-9-]{1,63})")?'
)
_NOT_OF_THE_OBJECT: Final = "impersonate"  # the operator lacks it, not the account


@dataclass(frozen=True, slots=True)
class MissingPermission:
    """``user`` may not ``verb`` the ``resource`` (``plural[.group]``); ``namespace`` is empty for the whole cluster."""

    user: str
    verb: str
    resource: str
    namespace: str

    @classmethod
    def of(cls, error: ApiError) -> Self | None:
        """The right that ``error`` is about; None for every other refusal, and where the words are others."""
        found = _REFUSED.search(error.message) if error.code == HTTPStatus.FORBIDDEN else None
        if found is None or found["verb"] == _NOT_OF_THE_OBJECT:
            return None
        resource = f"{found['resource']}.{found['group']}" if found["group"] else found["resource"]
        return cls(found["user"], found["verb"], resource, found["namespace"] or "")

    @property
    def who(self) -> str:
        """The account as people name it."""
        account = ServiceAccount.of_user(self.user)
        return f"ServiceAccount {account.namespace}/{account.name}" if account else f"user {self.user}"

    def granted(self, *verbs: str) -> str:
        """What to do, as a clause: grant ``verbs`` (the one that was refused among them), where it has to hold."""
        desired = list(dict.fromkeys((*verbs, self.verb)))
        named = desired[0] if len(desired) == 1 else f"{', '.join(desired[:-1])} and {desired[-1]}"
        where = f"in namespace {self.namespace}" if self.namespace else "in the whole cluster (ClusterRoleBinding)"
        return f"grant {self.who} the {'verb' if len(desired) == 1 else 'verbs'} {named} on {self.resource} {where}"
