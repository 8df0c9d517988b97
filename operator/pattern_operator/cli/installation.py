"""What there is of the operator in a cluster: its patterns, and what an installation is made of. Only looks."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from pattern_operator.api.fields import ObjectMeta, conditions_of, integer_at, mapping_at, mappings_at, text_at
from pattern_operator.api.inventorycodec import expand
from pattern_operator.api.names import (
    ADOPTED_ANNOTATION,
    FINALIZER,
    GROUP,
    OWNER_LABEL,
    PLURAL,
    TRUST_POLICY_PLURAL,
)
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import owner_id
from pattern_operator.apply.annotations import retention_of
from pattern_operator.apply.existing import ADOPTED
from pattern_operator.kube import ApiError, Discovery, KindNotFound, Resource, Session, objects, wellknown
from pattern_operator.kube.pagination import Page
from pattern_operator.kube.resourcelock import LeaderElectionRecord
from pattern_operator.kube.wellknown import DESIGN_PATTERN

CRD_NAME: Final = f"{PLURAL}.{GROUP}"
POLICY_CRD_NAME: Final = f"{TRUST_POLICY_PLURAL}.{GROUP}"
LEASE: Final = "pattern-operator"
_LABEL: Final = "app.kubernetes.io/name=pattern-operator"
_PREFIX: Final = "pattern-operator"  # of the names of what is not in the operator's namespace
_FRESH: Final = timedelta(minutes=2)  # since the Lease was renewed: it is each 10 s, and clocks differ
_PAGE: Final = 500

_RBAC: Final = "rbac.authorization.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"


def _resource(group: str, kind: str, plural: str, *, namespaced: bool) -> Resource:
    return Resource(group=group, version="v1", kind=kind, plural=plural, namespaced=namespaced)


CRDS: Final = _resource(
    "apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False
)
NAMESPACES: Final = _resource("", "Namespace", "namespaces", namespaced=False)
# In the order of deletion: the Deployment, its RBAC, and the namespace with all that is left in it.
_PARTS: Final = (
    _resource("apps", "Deployment", "deployments", namespaced=True),
    _resource(_ADMISSION, "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", namespaced=False),
    _resource(_ADMISSION, "ValidatingAdmissionPolicy", "validatingadmissionpolicies", namespaced=False),
    _resource(_RBAC, "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    _resource(_RBAC, "ClusterRole", "clusterroles", namespaced=False),
    _resource(_RBAC, "RoleBinding", "rolebindings", namespaced=True),
    _resource(_RBAC, "Role", "roles", namespaced=True),
    _resource("", "ServiceAccount", "serviceaccounts", namespaced=True),
    NAMESPACES,
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A DesignPattern: how many objects it owns, and how many of them stay in the cluster when it is deleted.

    ``body`` is what the API server sent; ``held`` says whether its deletion waits for the operator.
    """

    namespace: str
    name: str
    objects: int
    stay: int
    policy: str
    held: bool
    body: dict[str, Any]

    @property
    def display_name(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def why(self) -> str:
        """What the pattern itself says of its deletion."""
        if not ObjectMeta.of(self.body).deleting:
            return "it was created again meanwhile, or not deleted: stop whoever applies it"
        found = next((each for each in conditions_of(self.body) if text_at(each, "type") == "Ready"), {})
        return text_at(found, "message") or "its deletion has begun, and nobody has said anything of it yet"


@dataclass(frozen=True, slots=True)
class Part:
    """An object of the installation."""

    resource: Resource
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.resource.kind} {self.namespace}/{self.name}" if self.namespace else self.display_name

    @property
    def display_name(self) -> str:
        """Kind and name."""
        return f"{self.resource.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Installation:
    """What there is; ``holder`` is the holder of the operator's Lease, empty where no operator runs.

    ``crd`` says whether the kind is there, and ``going`` whether its deletion has begun. ``unseen`` are kinds that
    cannot be looked at, so that more objects of them may stay than was counted.
    """

    patterns: tuple[Pattern, ...]
    parts: tuple[Part, ...]
    crd: bool
    going: bool
    holder: str
    unseen: tuple[str, ...] = ()

    @property
    def stuck(self) -> tuple[Pattern, ...]:
        """The patterns whose deletion would wait for an operator that does not work."""
        return () if self.holder else tuple(each for each in self.patterns if each.held)


async def look(session: Session, *, namespace: str, now: datetime) -> Installation:
    """Find what an uninstall removes; changes nothing. Raises ApiError where something may not be read."""
    crd = await get(session, CRDS, CRD_NAME)
    patterns = [] if crd is None else [each async for each in objects.each(session, DESIGN_PATTERN)]
    staying, unseen = await _staying(session, patterns)
    return Installation(
        patterns=tuple(sorted((pattern_of(each, staying) for each in patterns), key=lambda each: each.display_name)),
        parts=(*await _parts(session, namespace=namespace), *await _policies(session)),
        crd=crd is not None,
        going=crd is not None and ObjectMeta.of(crd).deleting,
        unseen=unseen,
        holder=await holder(session, namespace=namespace, now=now),
    )


async def _policies(session: Session) -> tuple[Part, ...]:
    """The CRD of TrustPolicies, with which they go: no pattern is left that they could be for."""
    return (Part(CRDS, "", POLICY_CRD_NAME),) if await get(session, CRDS, POLICY_CRD_NAME) is not None else ()


async def holder(session: Session, *, namespace: str, now: datetime) -> str:
    """The holder of the operator's Lease; empty where no operator runs. Raises ApiError where it may not be read."""
    lease = LeaderElectionRecord.of(await get(session, wellknown.LEASE, LEASE, namespace=namespace))
    return lease.holder if _is_fresh(lease.renewed, now) else ""


async def get(session: Session, resource: Resource, name: str, *, namespace: str = "") -> dict[str, Any] | None:
    """The object, None where there is none; raises ApiError."""
    try:
        return await objects.get(session, resource, namespace=namespace, name=name)
    except ApiError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            return None
        raise


async def _parts(session: Session, *, namespace: str) -> tuple[Part, ...]:
    found: list[Part] = []
    for resource in _PARTS:
        place = namespace if resource.namespaced else ""
        try:
            listed = await objects.list_(session, resource, namespace=place, label_selector=_LABEL)
        except ApiError as error:
            if error.code == HTTPStatus.NOT_FOUND:  # a kind that this API server does not have
                continue
            raise
        names = sorted(ObjectMeta.of(each).name for each in listed)
        if resource is NAMESPACES:
            names = [name for name in names if name == namespace]
        elif not resource.namespaced:
            names = [name for name in names if name.startswith(_PREFIX)]
        found += [Part(resource, place, name) for name in names]
    return tuple(found)


def pattern_of(body: dict[str, Any], staying: Counter[str]) -> Pattern:
    """The pattern with this body; ``staying`` counts by owner id what is marked to stay."""
    meta = ObjectMeta.of(body)
    count = integer_at(body, "status", "inventory", "count")
    policy = text_at(body, "spec", "apply", "deletionPolicy") or "Delete"
    stay = count if policy == "Orphan" else min(count, staying[owner_id(meta.uid)])
    return Pattern(meta.namespace, meta.name, count, stay, policy, FINALIZER in meta.finalizers, body)


async def _staying(session: Session, patterns: Iterable[dict[str, Any]]) -> tuple[Counter[str], tuple[str, ...]]:
    """How many objects by owner id are annotated to stay, or were adopted; and the kinds that cannot be looked at."""
    kinds: set[tuple[str, str]] = set()
    for pattern in patterns:
        expand(pattern)
        for entry in mappings_at(pattern, "status", "inventory", "entries"):
            with suppress(ValueError):
                key = ObjectKey.parse(text_at(entry, "id"))
                kinds.add(key.group_kind)
    discovery, found, unseen = Discovery(session), Counter[str](), list[str]()
    for group, kind in sorted(kinds):
        try:
            resource = await discovery.find(group=group, kind=kind)
            async for meta in _owned(session, resource):
                if stays(meta):
                    found[meta.label(OWNER_LABEL)] += 1
        except KindNotFound:
            continue
        except ApiError:
            unseen.append(f"{kind}.{group}" if group else kind)
    return found, tuple(unseen)


def stays(meta: ObjectMeta) -> bool:
    """Whether an object stays when its pattern is deleted, as ``apply.delete`` decides it."""
    kept = retention_of(mapping_at(meta.raw, "annotations"))
    return kept.deleted or meta.annotation(ADOPTED_ANNOTATION) == ADOPTED


async def _owned(session: Session, resource: Resource) -> AsyncIterator[ObjectMeta]:
    """The metadata of every object of a kind that carries an owner label."""
    token = ""
    while True:
        answer = await objects.list_metadata(session, resource, limit=_PAGE, token=token, label_selector=OWNER_LABEL)
        page = Page.of(answer, after=token)
        for item in page.items:
            yield ObjectMeta.of(item)
        if not page.more:
            return
        token = page.more


def _is_fresh(renewed: str, now: datetime) -> bool:
    try:
        moment = datetime.fromisoformat(renewed)
    except ValueError:
        return False
    return abs(now - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))) < _FRESH
