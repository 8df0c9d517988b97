"""Why a desired object is not sent: it is paused, or to be made only if absent and there, or has finished."""

from pattern_operator.api.fields import mapping_at
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.apply.adoption import PAUSED
from pattern_operator.apply.annotations import IF_ABSENT
from pattern_operator.apply.apply_run import ApplyRequest, ApplyRun
from pattern_operator.apply.existing import read
from pattern_operator.apply.finished import MAY_HAVE_FINISHED, NOT_RERUN, is_ephemeral
from pattern_operator.apply.managed.managed_objects import ManagedObjects
from pattern_operator.apply.new_kind import retry_new_kind
from pattern_operator.apply.ownership import apply_policy_of
from pattern_operator.kube import ApiError, Resource, Session, objects
from pattern_operator.kube.kind_existence import is_missing


class SkipCheck:
    """Looks at an object before it is applied, where a watch does not tell."""

    def __init__(self, session: Session, *, managed_objects: ManagedObjects) -> None:
        self._session = session
        self._managed = managed_objects

    async def reason(self, desired: Object, resource: Resource, content: bytes, run: ApplyRun) -> str:
        """Why the object is not sent although it is desired; empty where it is.

        ``content`` is of what ends by itself (``finished.content_hash``).

        Raises:
            ApiError, KindNotFound: it could not be looked at.
        """
        key, owner = desired.key, run.request.owner.id
        managed = self._managed.get(key)
        paused = managed is not None and managed.carries_label_of(owner) and managed.observed.paused
        if paused and self._managed.is_watched(key):
            self._managed.mark_pending(key, owner=owner)
            return PAUSED
        if_absent = apply_policy_of(mapping_at(desired.body, "metadata")) == IF_ABSENT
        if if_absent and await retry_new_kind(lambda: self._is_there(key, resource, run), key, run):
            return "is skipped: it exists and is annotated ssa: IfAbsent"
        if managed is None or managed.owner != owner or not self._managed.is_watched(key):
            return ""
        if managed.observed.end_unobserved and not managed.content and is_ephemeral(desired.body, key=key):
            managed.content = content  # nobody knows what ran: it is taken for this
        if not managed.has_finished(content):
            return ""
        return MAY_HAVE_FINISHED if managed.observed.end_unobserved else NOT_RERUN

    async def count_as_pending(self, key: ObjectKey, resource: Resource, request: ApplyRequest) -> None:
        """Let an object of ours that is skipped count for the pattern's health, and remember that it was not sent.

        Raises:
            ApiError: it could not be looked at.
        """
        body = await objects.get(
            self._session, resource, namespace=key.namespace, name=key.name, impersonate=request.impersonate
        )
        self._managed.observe(body, key=key)
        self._managed.mark_pending(key, owner=request.owner.id)

    async def _is_there(self, key: ObjectKey, resource: Resource, run: ApplyRun) -> bool:
        """Whether the object exists. One of ours counts for the pattern's health, and no other is owned."""
        owner, impersonate = run.request.owner.id, run.request.impersonate
        try:
            body = await objects.get(
                self._session, resource, namespace=key.namespace, name=key.name, impersonate=impersonate
            )
        except ApiError as error:
            if is_missing(error, key.name):
                return False
            raise
        if read(body).owner == owner:
            self._managed.record(body, key=key, owner=owner, resource=resource, policy=IF_ABSENT)
        else:
            run.disowned.add(key)
        return True
