"""The page Who am I: the user as the API server knows it, and the rights that matter in the console."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from pattern_operator.api.fields import MAX_NAME
from pattern_operator.api.names import GROUP, PLURAL, TRUST_POLICY_PLURAL
from pattern_operator.console.visit import Visit
from pattern_operator.kube import Access


@dataclass(frozen=True, slots=True)
class Right:
    """Something that a user may do, in words, and what the API server is asked for it."""

    words: str
    verb: str
    group: str
    resource: str
    namespaced: bool = True
    subresource: str = ""

    def access(self, namespace: str) -> Access:
        """The question, in this namespace; in all of them where it is empty."""
        where = namespace if self.namespaced else ""
        return Access(self.verb, self.group, self.resource, namespace=where, subresource=self.subresource)

    @property
    def name(self) -> str:
        """What a Role has to name."""
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {resource}{f'/{self.subresource}' if self.subresource else ''}"


RIGHTS: Final = (
    Right("see patterns", "list", GROUP, PLURAL),
    Right("see patterns live", "watch", GROUP, PLURAL),
    Right("deploy a pattern", "create", GROUP, PLURAL),
    Right("reconcile, suspend and resume a pattern", "patch", GROUP, PLURAL),
    Right("delete a pattern", "delete", GROUP, PLURAL),
    Right("see trust policies", "list", GROUP, TRUST_POLICY_PLURAL, namespaced=False),
    Right("see the events of objects", "list", "", "events"),
    Right("see pods", "list", "", "pods"),
    Right("read the logs of pods", "get", "", "pods", subresource="log"),
)


async def show(visit: Visit) -> web.Response:
    """Name, groups and rights: in all namespaces, and in the one that the URL names."""
    namespace = visit.request.query.get("namespace", "").strip()[:MAX_NAME] or visit.console.settings.namespace
    asked = [right.access(where) for where in ("", namespace) for right in RIGHTS]
    answers = await visit.session.user.rights(asked)
    rights = list(zip(RIGHTS, answers[: len(RIGHTS)], answers[len(RIGHTS) :], strict=True))
    return visit.page("who_am_i.html", user=visit.session.user.info, rights=rights, namespace=namespace)
