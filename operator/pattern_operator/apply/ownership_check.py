"""Whose an object is before it is applied: known from a watch, or looked at in the name of the pattern's account.

What nothing tells of is not looked at: the API server refuses its apply where there is one (``create_only``).
The decision itself is ``adoption.decide``; here is what it needs to know.
"""

from collections.abc import Callable
from dataclasses import replace

from pattern_operator.api.object import OF_CREATE_NAMESPACE, Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.adoption import GUARDED, Adopt, Create, Decision, Own, Policy, Refuse, Skip, decide
from pattern_operator.apply.apply_run import ApplyRequest
from pattern_operator.apply.co_owners import co_owners
from pattern_operator.apply.create_only import refuses_what_exists
from pattern_operator.apply.errors import failure_of, passes_by_itself
from pattern_operator.apply.existing import Existing
from pattern_operator.apply.managed.managed_objects import ManagedObjects
from pattern_operator.apply.migrate import needs_migration
from pattern_operator.apply.new_kind import recheck_kind
from pattern_operator.apply.owner_metadata import get_existing
from pattern_operator.apply.ownership import Owner, is_namespace
from pattern_operator.apply.replaced_fields import is_touched
from pattern_operator.apply.replicas import scaler_of, sets_replicas
from pattern_operator.apply.takeover_check import check_takeover
from pattern_operator.apply.transfer import Transfers
from pattern_operator.kube import ApiError, Discovery, LocalApis, Resource, Session

OwnerLookup = Callable[[str, ObjectKey], Owner | None]


class OwnershipCheck:
    """``holder(label, key)`` is the living pattern that an owner label names, if it still has the object."""

    def __init__(
        self,
        session: Session,
        discovery: Discovery,
        *,
        managed_objects: ManagedObjects,
        transfers: Transfers,
        holder: OwnerLookup,
    ) -> None:
        self._session = session
        self._discovery = discovery
        self._local = LocalApis(session)
        self._managed = managed_objects
        self._transfers = transfers
        self._holder = holder

    def known(self, key: ObjectKey, owner: Owner) -> Own | None:
        """What a watch that is in step says without a request: the object carries the label of ``owner``."""
        managed = self._managed.get(key)
        if managed is None or not managed.carries_label_of(owner.id) or not self._managed.is_watched(key):
            return None
        observed = managed.observed
        return Own(
            observed.uid,
            adopted=observed.adopted,
            scaled_by=observed.scaled_by,
            scales=observed.scales,
            touched=observed.touched and (managed.drifted or not managed.expected),
            co_owners=observed.co_owners,
            version=str(observed.version or ""),
        )

    async def need_not_look(self, key: ObjectKey, resource: Resource, request: ApplyRequest) -> bool:
        """Whether nothing tells of the object, and the API server refuses the apply where there is one all the same.

        What more than the object is lost with (``GUARDED``) is there more often than not, and is never written to
        before it was looked at.
        """
        managed = self._managed.get(key)
        if (managed is not None and managed.present) or key.group_kind in GUARDED:
            return False
        if self._managed.is_watched(key):
            told_of = managed is None and not self._managed.is_known_absent(key)
        else:
            told_of = key in request.owned
        return not told_of and await refuses_what_exists(resource, local=self._local)

    async def is_there(self, key: ObjectKey, resource: Resource, request: ApplyRequest) -> bool:
        """Whether there is an object, of whomever.

        Raises:
            ApiError: it could not be looked at.
        """
        found = await get_existing(self._session, resource, key, impersonate=request.impersonate)
        return found is not None

    async def look(self, desired: Object, resource: Resource, request: ApplyRequest) -> Decision:
        """Read the object, and decide about it. Where another pattern owns it, ``request.owner`` waits for it.

        Raises:
            ApiError, KindNotFound: it could not be looked at.
        """
        key, owner = desired.key, request.owner
        try:
            existing = await get_existing(self._session, resource, key, impersonate=request.impersonate)
        except ApiError as error:
            await recheck_kind(error, resource, discovery=self._discovery)
            raise
        if existing is None:
            return Create(conditional=await refuses_what_exists(resource, local=self._local))
        decision = decide(
            existing,
            key=key,
            policy=_policy(desired, request),
            owner=owner,
            holder=self._holder(existing.owner, key) if existing.owner else None,
            remembered=self._is_remembered(existing, key, request),
            is_only_to_be_there=_is_only_to_be_there(desired),
            offered=self._transfers.is_offered(key, by=existing.owner, to=owner.id),
        )
        match decision:
            case Refuse(reason=Reason.OWNED_BY_ANOTHER_PATTERN):
                why = await self._wait_for(desired, resource, existing, request)
                return replace(decision, message=f"{decision.message}{why}")
            case Own():
                return replace(
                    decision,
                    scaled_by=scaler_of(existing.entries),
                    scales=sets_replicas(existing.entries),
                    touched=is_touched(existing.entries),
                    co_owners=co_owners(existing.entries),
                    version=existing.version,
                )
            case Adopt():
                return replace(
                    decision,
                    scaled_by=scaler_of(existing.entries),
                    migrates=needs_migration(existing.entries, existing.annotations),
                    version=existing.version,
                )
            case Create() | Skip() | Refuse():
                return decision

    async def _wait_for(self, desired: Object, resource: Resource, existing: Existing, request: ApplyRequest) -> str:
        """Let the pattern wait for the object of another, once its account has shown that it could take it over.

        What to add to the message where it could not.
        """
        key, owner = desired.key, request.owner
        if existing.paused or existing.deleting:
            self._transfers.stop_waiting(key, owner.id)
            return ""
        if not self._transfers.may_wait(key, owner.id):
            return ""
        try:
            await check_takeover(
                self._session,
                resource,
                desired,
                existing,
                owner=owner,
                rules=request.rules,
                impersonate=request.impersonate,
            )
        except ApiError as error:
            failure = failure_of(key, error, account=request.impersonate)
            return "" if passes_by_itself(error) else f" It is not handed over to this pattern: {failure.message}"
        except ValueError as error:
            return f" It is not handed over to this pattern: {error}"
        self._transfers.wait(key, owner)
        return ""

    def _is_remembered(self, existing: Existing, key: ObjectKey, request: ApplyRequest) -> bool:
        """Whether somebody took the label off an object of ours: seen since the start, or in the inventory before."""
        owner, seen = request.owner, self._managed.get(key)
        if seen is not None and (seen.owner, seen.expected, seen.observed.uid) == (owner.id, True, existing.uid):
            return True
        return not existing.owner and key in request.owned and existing.pattern == str(owner)


def _policy(desired: Object, request: ApplyRequest) -> Policy:
    """A Namespace that is only there to be there is used as it is where it exists, and never a reason to fail."""
    return "IfUnowned" if _is_only_to_be_there(desired) and request.adopt == "Never" else request.adopt


def _is_only_to_be_there(desired: Object) -> bool:
    """Whether it is the Namespace that ``spec.apply.createNamespace`` asks for."""
    return is_namespace(desired.key) and desired.component == OF_CREATE_NAMESPACE
