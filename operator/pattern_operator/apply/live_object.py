"""What decides about the deletion of an object: known from a watch, or read in the name of the pattern's account."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from pattern_operator.api.fields import MAX_WORD, ObjectMeta, finalizers_of, mapping_at
from pattern_operator.api.names import ADOPTED_ANNOTATION, PATTERN_ANNOTATION
from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.apply.annotations import Retention, retention_of
from pattern_operator.apply.data import deletes_claims
from pattern_operator.apply.existing import ADOPTED
from pattern_operator.apply.managed.managed_objects import ManagedObjects
from pattern_operator.apply.managed.observation import Observation
from pattern_operator.apply.ownership import label_of
from pattern_operator.kube import ApiError, Discovery, Resource, Session, objects
from pattern_operator.kube.kind_existence import is_missing
from pattern_operator.quote import one_line


@dataclass(frozen=True, slots=True)
class LiveObject:
    """The parts of a live object that decide; ``pattern`` is the one that it names for people, where it was read."""

    uid: str
    label: str
    retention: Retention
    deleting: bool
    finalizers: tuple[str, ...]
    adopted: bool
    pattern: str = ""
    deletes_claims: bool = False  # claims that a controller has made for it go with it

    @classmethod
    def of(cls, body: Body) -> Self:
        """Read an object."""
        meta = ObjectMeta.of(body)
        return cls(
            uid=meta.uid,
            label=label_of(meta.raw),
            retention=retention_of(mapping_at(meta.raw, "annotations")),
            deleting=meta.deleting,
            finalizers=finalizers_of(body),
            adopted=meta.annotation(ADOPTED_ANNOTATION) == ADOPTED,
            pattern=meta.annotation(PATTERN_ANNOTATION)[:MAX_WORD],
            deletes_claims=deletes_claims(body),
        )

    @classmethod
    def observed(cls, seen: Observation) -> Self:
        """Take what a watch has told."""
        return cls(
            uid=seen.uid,
            label=seen.label,
            retention=seen.retention,
            deleting=seen.deleting,
            finalizers=seen.finalizers,
            adopted=seen.adopted,
            deletes_claims=seen.deletes_claims,
        )

    @property
    def why_not_ours(self) -> str:
        """Why an object without the pattern's label is not deleted."""
        if not self.label:
            return "is kept: somebody removed our owner label"
        whose = f"DesignPattern {one_line(self.pattern, MAX_WORD)}" if self.pattern else "another pattern"
        return f"is kept: it belongs to {whose} now"


class LiveObjects:
    """Finds the live object of a key."""

    def __init__(self, session: Session, discovery: Discovery, *, managed_objects: ManagedObjects) -> None:
        self._session = session
        self._discovery = discovery
        self._managed = managed_objects

    async def find(self, key: ObjectKey, resource: Resource, *, impersonate: str | None) -> LiveObject | None:
        """The object, None when there is none.

        It is looked at in the name of the pattern's account, never of the operator's own. An account that is gone, or
        may not read, must not hide that its objects are gone, too: a watch that is in step and does not know the object
        says that nothing with an owner label is there.

        Raises:
            ApiError, KindNotFound: it could not be looked at.
        """
        managed = self._managed.get(key)
        if managed is not None and managed.present and self._managed.is_watched(key):
            return LiveObject.observed(managed.observed)
        try:
            body = await objects.get(
                self._session, resource, namespace=key.namespace, name=key.name, impersonate=impersonate
            )
        except ApiError as error:
            if is_missing(error, key.name):
                return None
            await recheck_kind_of_any_version(error, resource, discovery=self._discovery)
            if error.code == HTTPStatus.FORBIDDEN and self._managed.is_known_absent(key):
                return None
            raise
        self._managed.observe(body, key=key)  # so that its end will be told
        return LiveObject.of(body)


async def recheck_kind_of_any_version(error: ApiError, resource: Resource, *, discovery: Discovery) -> None:
    """Where nothing is served at the path, look whether the kind still is, in whatever version.

    Raises:
        KindNotFound: it is not.
        ApiError: the API server could not be asked.
    """
    if error.code == HTTPStatus.NOT_FOUND:
        discovery.invalidate(resource)
        await discovery.find(group=resource.group, kind=resource.kind)
