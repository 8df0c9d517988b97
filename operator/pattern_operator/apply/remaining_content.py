"""What a Namespace or a CustomResourceDefinition still holds: deleting it would delete all of that, whoever's it is.

Looked at as the pattern's account, kind by kind, a page at a time, and only as long as too little is found to say no.
What cannot be looked at is not taken for empty. The pattern's own objects were deleted before, but for those that the
caller names, which go after it (rights): what else is left of them was left on purpose, and counts like everybody's.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from pattern_operator.aio import run_all
from pattern_operator.api.fields import ObjectMeta, mappings_at
from pattern_operator.api.names import ADOPTED_ANNOTATION
from pattern_operator.api.object import ObjectKey, pluralize
from pattern_operator.apply.annotations import retention_of
from pattern_operator.apply.crd import is_crd
from pattern_operator.apply.existing import ADOPTED, Existing, quoted, read
from pattern_operator.apply.ownership import is_namespace
from pattern_operator.apply.rbac_denial import MissingPermission
from pattern_operator.kube import ApiError, ApiUnavailable, Discovery, KindNotFound, Resource, Session, objects
from pattern_operator.kube.kind_existence import is_gone, is_missing
from pattern_operator.kube.pagination import Page

PAGE: Final = 100
PAGES: Final = 20  # of one kind: what has more objects than this is not taken for empty
AT_ONCE: Final = 4  # kinds that are looked at
LONGEST: Final = 30.0  # seconds of a whole look
NAMED: Final = 3  # objects that are named; the look ends when there are so many

# What every namespace has, made by controllers: Kubernetes, OpenShift, Istio.
_OF_EVERY_NAMESPACE: Final = frozenset(
    {
        ("", "ServiceAccount", "default"),
        ("", "ServiceAccount", "builder"),
        ("", "ServiceAccount", "deployer"),
        ("", "ConfigMap", "kube-root-ca.crt"),
        ("", "ConfigMap", "openshift-service-ca.crt"),
        ("", "ConfigMap", "istio-ca-root-cert"),
    }
)
# What says something about others, or lies there for a moment: without what it is about it is worth nothing.
_OF_NO_WEIGHT: Final = frozenset(
    {
        ("", "Event"),
        ("events.k8s.io", "Event"),
        ("coordination.k8s.io", "Lease"),
        ("", "Endpoints"),  # made for Services of the same name, with their labels and without an owner reference
    }
)


@dataclass(frozen=True, slots=True)
class RemainingContent:
    """``objects`` are the first few that would be lost, ``more`` when there are others; ``unseen`` says what hid some.

    False when the container may go.
    """

    objects: tuple[str, ...] = ()
    more: bool = False
    unseen: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.objects or self.unseen)

    def __str__(self) -> str:
        if not self.objects:
            return f"it is not known to be empty: {'; '.join(self.unseen[:NAMED])}"
        count = f"at least {len(self.objects)}" if self.more or self.unseen else str(len(self.objects))
        return f"it still contains {count} that would be deleted with it: {', '.join(self.objects)}"


def is_container(key: ObjectKey) -> bool:
    """Whether deleting the object deletes others that are not named."""
    return is_namespace(key) or is_crd(key)


async def find_remaining_content(
    key: ObjectKey,
    *,
    session: Session,
    discovery: Discovery,
    impersonate: str | None,
    later: Collection[ObjectKey] = (),
    owner: str = "",
) -> RemainingContent:
    """Find what is left in the Namespace, or of the CustomResourceDefinition, ``key``.

    The objects ``later`` of the pattern with the id ``owner`` do not count: they are deleted next, or fall with it.

    Raises:
        ApiError: the API server does not answer, or cannot say which kinds there are, or what there is of one.
    """
    if is_crd(key):
        plural, _, group = key.name.partition(".")
        kinds = await _kinds(discovery, group)  # a silent server of another group hides nothing of this one
        looked_at = [each for each in kinds if (each.plural, each.group) == (plural, group)]
    else:
        kinds = await _kinds(discovery)  # each may have an object in a namespace
        looked_at = [each for each in kinds if each.namespaced and each.group_kind not in _OF_NO_WEIGHT]
    namespace = key.name if is_namespace(key) else ""
    look = _Look(session, discovery, impersonate, namespace=namespace, kinds=kinds, later=later, owner=owner)
    try:
        async with asyncio.timeout(LONGEST):
            return await _look_at(looked_at, look)
    except TimeoutError:
        return RemainingContent(
            unseen=(f"the look at {pluralize(len(looked_at), 'kind')} took longer than {LONGEST:.0f} s",)
        )


async def _kinds(discovery: Discovery, group: str | None = None) -> tuple[Resource, ...]:
    """Every kind there is: of a silent group, or before an API server has begun, nobody can say which there are."""
    try:
        return await discovery.deletable(group=group)
    except ApiError as error:
        raise _unseen(error, error.message) from error


def _unseen(error: ApiError, why: str) -> ApiError:
    kind = ApiUnavailable if isinstance(error, ApiUnavailable) else ApiError
    message = f"it is not known to be empty: {why}"
    return kind(code=error.code, reason=error.reason, message=message, retry_after=error.retry_after)


async def _look_at(kinds: list[Resource], look: "_Look") -> RemainingContent:
    found, unseen = list[str](), list[str]()
    for first in range(0, len(kinds), AT_ONCE):
        for each in await run_all(look.at(kind) for kind in kinds[first : first + AT_ONCE]):
            found += each.objects
            unseen += each.unseen
        if len(found) >= NAMED:
            return RemainingContent(tuple(found[:NAMED]), more=True)
    return RemainingContent(tuple(found), unseen=tuple(unseen))


@dataclass(slots=True)
class _Look:
    """One look into one container; without ``namespace`` it is at the custom resources of a definition."""

    session: Session
    discovery: Discovery
    impersonate: str | None
    namespace: str
    kinds: tuple[Resource, ...]
    later: Collection[ObjectKey]
    owner: str
    owners: dict[str, bool] = field(default_factory=dict)  # by UID: whether it is there

    async def at(self, kind: Resource) -> RemainingContent:
        """What of one kind would be lost."""
        title = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
        found: list[str] = []
        token = ""
        for _ in range(PAGES):
            try:
                answer = await objects.list_metadata(
                    self.session,
                    kind,
                    namespace=self.namespace,
                    limit=PAGE,
                    token=token,
                    impersonate=self.impersonate,
                )
                page = Page.of(answer, after=token)  # what is not a list does not say that there is nothing
            except ApiError as error:
                if error.code == HTTPStatus.METHOD_NOT_ALLOWED or await self._went(kind, error):
                    return RemainingContent(tuple(found))
                if error.code != HTTPStatus.FORBIDDEN:
                    raise _unseen(error, f"{title} cannot be listed: {error.message}") from error
                lacking = MissingPermission.of(error)
                grant = lacking.granted() if lacking else "grant it to the account"
                return RemainingContent(tuple(found), unseen=(f"the account has no right to list {title}: {grant}",))
            token = page.more
            for item in page.items:
                if await self._counts(kind, item):
                    found.append(self._title(kind, item))
                if len(found) >= NAMED:  # that is enough: there may be more
                    return RemainingContent(tuple(found))
            if not token:
                return RemainingContent(tuple(found))
        return RemainingContent(tuple(found), unseen=(f"there are more than {PAGES * PAGE} {title}",))

    async def _counts(self, kind: Resource, item: Mapping[str, Any]) -> bool:
        """Whether the object would be missed: what is being deleted, or goes with its owner, would not."""
        existing = read(item)
        if existing.deleting or self._goes_later(kind, item, existing):
            return False
        if self.namespace and (kind.group, kind.kind, _name(item)) in _OF_EVERY_NAMESPACE:
            return False
        token = (kind.group, kind.kind) == ("", "Secret")  # of an account, as Kubernetes made them before 1.24
        if token and "kubernetes.io/service-account.name" in existing.annotations:
            return False
        references = list(mappings_at(item, "metadata", "ownerReferences"))
        return not references or any([await self._is_foreign(each, item) for each in references])

    def _goes_later(self, kind: Resource, item: Mapping[str, Any], existing: Existing) -> bool:
        """Whether it is one of the pattern's own objects that is still to be deleted: asked to stay, it counts."""
        if not self.owner or existing.owner != self.owner:
            return False
        stays = bool(retention_of(existing.annotations)) or existing.annotations.get(ADOPTED_ANNOTATION) == ADOPTED
        return not stays and ObjectKey(kind.group, kind.kind, ObjectMeta.of(item).namespace, _name(item)) in self.later

    async def _is_foreign(self, reference: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
        """Whether an owner stays when the container goes. One in the same namespace counts itself, and one that is gone
        takes the object along: the garbage collector is only not there yet."""
        group, _, _ = quoted(reference.get("apiVersion")).rpartition("/")
        kind = quoted(reference.get("kind"))
        resource = next((each for each in self.kinds if each.group_kind == (group, kind)), None)
        if resource is None:
            return True  # virtual, or of another group that is not known: nobody can say
        if self.namespace and resource.namespaced:
            return False
        uid = quoted(reference.get("uid"))
        if uid not in self.owners:
            self.owners[uid] = await self._is_there(resource, reference, item)
        return self.owners[uid]

    async def _is_there(self, resource: Resource, reference: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
        namespace = ObjectMeta.of(item).namespace
        try:
            body = await objects.get_metadata(
                self.session,
                resource,
                namespace=namespace if resource.namespaced else "",
                name=quoted(reference.get("name")),
                impersonate=self.impersonate,
            )
        except (ApiError, KindNotFound) as error:
            return not (isinstance(error, ApiError) and is_missing(error, quoted(reference.get("name"))))
        return read(body).uid == quoted(reference.get("uid"))

    async def _went(self, kind: Resource, error: ApiError) -> bool:
        """Whether the kind is gone since it was found, and not only not served at the moment."""
        return error.code == HTTPStatus.NOT_FOUND and await is_gone(self.session, kind)

    def _title(self, kind: Resource, item: Mapping[str, Any]) -> str:
        namespace = "" if self.namespace else ObjectMeta.of(item).namespace
        return ObjectKey(kind.group, kind.kind, namespace, _name(item)).display_name


def _name(item: Mapping[str, Any]) -> str:
    return ObjectMeta.of(item).name
