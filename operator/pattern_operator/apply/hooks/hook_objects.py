"""The object of one hook in the cluster: looked at, made where there is none, and deleted where it is the pattern's.

It is never applied over another object. What is made says whose it is and in which run of hooks it was made
(``HOOK_LABEL``): so a process that was killed after it had made one finds it, and makes no second. Everything is done
in the name of the pattern's account.
"""

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from pattern_operator.api.fields import ObjectMeta, integer, mapping, mapping_at
from pattern_operator.api.names import FIELD_MANAGER, HOOK_LABEL
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.apply_body import apply_body
from pattern_operator.apply.crd import is_crd
from pattern_operator.apply.errors import failure_of, kind_not_found, passes_by_itself, reason_of
from pattern_operator.apply.existing import Existing, has_other_managers, read
from pattern_operator.apply.hooks.outcome import HookOutcome, outcome_of
from pattern_operator.apply.managed.managed_objects import ManagedObjects
from pattern_operator.apply.owner_metadata import get_existing, withdraw_apply
from pattern_operator.apply.ownership import Owner, add_owner_metadata, is_namespace
from pattern_operator.apply.pod_diagnosis import diagnose_pods
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.kube import NO_VERSION, ApiError, Conflicts, Discovery, KindNotFound, Resource, Session, objects
from pattern_operator.kube.conflict import is_field_conflict, is_overtaken
from pattern_operator.kube.kind_existence import is_missing
from pattern_operator.kube.wellknown import NAMESPACE

MIN_TTL: Final = 600  # seconds that a Job is there after it ended: somebody has to see how
_TTL: Final = "ttlSecondsAfterFinished"
_HELM: Final = "meta.helm.sh/release-name"
_HELM_MANAGERS: Final = frozenset({"helm", "helm-controller"})  # Helm, pkg/kube/client.go: the program's name; Flux


@dataclass(frozen=True, slots=True)
class LiveHook:
    """The object of a hook as it is now; ``ours``: see ``is_of``. ``run`` is the one in which it was made, else empty.

    ``owner`` says whose it is, for messages: empty where no pattern has it. ``watched``: the pattern is woken by what
    becomes of it.
    """

    uid: str
    ours: bool
    run: str
    owner: str
    outcome: HookOutcome
    watched: bool = True


class HookObjects:
    """What can be done to the object of a hook; ``managed_objects`` is told of each, so that its pattern is woken."""

    def __init__(self, session: Session, discovery: Discovery, *, managed_objects: ManagedObjects) -> None:
        self._session = session
        self._discovery = discovery
        self._managed = managed_objects

    async def look(self, hook: Object, *, owner: Owner, impersonate: str | None) -> LiveHook | None:
        """The object as it is now, None where there is none; from then on the pattern is woken by what becomes of it.

        Raises:
            Stalled, Transient: nobody can say.
        """
        key, resource = hook.key, await self._resource(hook)
        try:
            await self._managed.ready(resource)
            body = await objects.get(
                self._session, resource, namespace=key.namespace, name=key.name, impersonate=impersonate
            )
        except ApiError as error:
            if is_missing(error, key.name):
                return None
            raise _failed(hook, error, impersonate=impersonate) from error
        return await self._found(body, hook=hook, owner=owner, resource=resource)

    async def create(self, hook: Object, *, run: str, owner: Owner, impersonate: str | None) -> LiveHook | None:
        """Make the object; None where there is one all the same, which is left as it is.

        Raises:
            Stalled, Transient: it cannot be made.
        """
        key, resource = hook.key, await self._resource(hook)
        try:
            answer = await objects.apply(
                self._session,
                resource,
                body=_body(hook, run=run, owner=owner),
                namespace=key.namespace,
                name=key.name,
                field_manager=FIELD_MANAGER,
                conflicts=Conflicts.FAIL,
                impersonate=impersonate,
            )
        except ApiError as error:
            if is_overtaken(error, resource, key.name) or is_field_conflict(error):
                return None
            raise _failed(hook, error, impersonate=impersonate) from error
        except ValueError as error:
            raise Stalled(reason=Reason.HOOK_FAILED, message=f"{key.display_name}: {error}") from error
        if has_other_managers(answer):  # only an aggregated API server applies over what exists: take it back
            uid = read(answer).uid
            try:
                await withdraw_apply(self._session, resource, key, uid=uid, impersonate=impersonate)
            except ApiError as error:
                raise _failed(hook, error, impersonate=impersonate) from error
            return None
        return await self._found(answer, hook=hook, owner=owner, resource=resource)

    async def delete(self, hook: Object, *, uid: str, impersonate: str | None) -> None:
        """Delete this very object, unless it ``holds_others``.

        Raises:
            Stalled, Transient: it cannot be deleted.
        """
        key = hook.key
        if holds_others(key):
            return
        resource = await self._resource(hook)
        try:
            await objects.delete(
                self._session, resource, namespace=key.namespace, name=key.name, uid=uid, impersonate=impersonate
            )
        except ApiError as error:
            if not (is_missing(error, key.name) or is_overtaken(error, resource, key.name)):
                raise _failed(hook, error, impersonate=impersonate) from error

    async def cause(self, key: ObjectKey, *, impersonate: str | None) -> str:
        """What the pods of a Job say of why it does not end well; empty where nothing is known. Never raises."""
        return await diagnose_pods(self._session, self._discovery, key, impersonate=impersonate)

    async def is_namespace_going(self, namespace: str) -> bool:
        """Whether nothing can be made in a namespace, because it is being deleted or not there.

        Asked as the operator, which may list namespaces; where it may not, nobody can say, and it is taken to stay.

        Raises:
            Transient: the API server could not be asked.
        """
        try:
            found = await objects.list_(self._session, NAMESPACE, field_selector=f"metadata.name={namespace}")
        except ApiError as error:
            if error.code in (HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST):
                return False
            message = f"Namespace {namespace}: {error.message}"
            raise Transient(reason=reason_of(error), message=message, retry_after=error.retry_after) from error
        named = [meta for meta in map(ObjectMeta.of, found) if meta.name == namespace]
        return not any(not each.deleting for each in named)

    async def is_of_helm(self, desired: Object, *, impersonate: str | None) -> bool:
        """Whether the object is there, and of a release of Helm, or was before it was given to a pattern.

        Who gives it away takes off the annotations of Helm; who wrote the object is still in its managedFields. What
        nobody can say is not of Helm.
        """
        try:
            resource = await self._resource(desired)
            existing = await get_existing(self._session, resource, desired.key, impersonate=impersonate)
        except (ApiError, PatternError):
            return False
        if existing is None:
            return False
        return bool(existing.annotation(_HELM)) or not _HELM_MANAGERS.isdisjoint(existing.managers)

    async def _resource(self, hook: Object) -> Resource:
        """Where its kind is served; raises Transient where it is not, or not yet, or nobody can say."""
        version = hook.api_version.rpartition("/")[2]
        try:
            return await self._discovery.find(group=hook.key.group, kind=hook.key.kind, version=version)
        except ApiError as error:
            failure = failure_of(hook.key, error)
            raise Transient(reason=failure.reason, message=str(failure), retry_after=error.retry_after) from error
        except KindNotFound as error:
            failure = kind_not_found(hook.key, error)
            raise Transient(reason=failure.reason, message=str(failure)) from error

    async def _found(self, body: Body, *, hook: Object, owner: Owner, resource: Resource) -> LiveHook:
        existing = read(body)
        ours = is_of(existing, owner)
        watched = ours and existing.owner == owner.id
        if watched:
            self._managed.observe(body, key=hook.key)
            await self._managed.ready(resource)  # the watch may have ended with the last object of another pattern
        return LiveHook(
            uid=existing.uid,
            ours=ours,
            run=existing.labels.get(HOOK_LABEL, "") if ours else "",
            owner=existing.pattern if existing.owner else "",
            outcome=outcome_of(body, key=hook.key),
            watched=watched,
        )


def is_of(existing: Existing, owner: Owner) -> bool:
    """Whether the object is the pattern's: its own, or of a hook of one of its name that no longer exists.

    Hooks are left when their pattern is deleted, as Helm leaves them, and of one name there is one pattern at a time.
    """
    of_predecessor = existing.pattern == str(owner) and bool(existing.owner) and HOOK_LABEL in existing.labels
    return existing.is_labelled_by_us and (existing.owner == owner.id or of_predecessor)


def holds_others(key: ObjectKey) -> bool:
    """Whether objects of anybody go with it, as with a Namespace or a CRD: a hook that is one is never deleted."""
    return is_crd(key) or is_namespace(key)


def _body(hook: Object, *, run: str, owner: Owner) -> bytes:
    """What is sent: with our labels, refused where an object is there, and a Job stays until it was seen to end."""
    marked = add_owner_metadata(hook, owner=owner, version=NO_VERSION)
    metadata = mapping_at(marked.body, "metadata")
    labels = {**mapping(metadata.get("labels")), HOOK_LABEL: run}
    body = {**marked.body, "metadata": {**metadata, "labels": labels}}
    spec = mapping_at(body, "spec")
    if hook.key.group_kind == ("batch", "Job") and integer(spec.get(_TTL), MIN_TTL) < MIN_TTL:
        body["spec"] = {**spec, _TTL: MIN_TTL}
    return apply_body(replace(marked, body=body))


def _failed(hook: Object, error: ApiError, *, impersonate: str | None) -> PatternError:
    failure = failure_of(hook.key, error, otherwise=Reason.HOOK_FAILED, account=impersonate)
    if failure.need is not None or passes_by_itself(error) or error.is_namespace_terminating:
        return Transient(reason=failure.reason, message=str(failure), retry_after=error.retry_after)
    return Stalled(reason=failure.reason, message=str(failure))
