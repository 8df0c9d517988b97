"""What objects would be like after an apply, learned without one: so that what drifted can be told and is not undone.

Source: Kubernetes documentation, "Server-Side Apply" and "Dry-run": the answer has the managedFields that the apply
would leave, so a field of ours that somebody else changed is in it, and not in the object that is there.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

from pattern_operator.aio import run_all
from pattern_operator.api.apply_spec import IgnoreDifferences
from pattern_operator.api.fields import ObjectMeta, mapping_at
from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.api.object import Body, Object
from pattern_operator.api.reason import Reason
from pattern_operator.apply.apply_body import apply_body
from pattern_operator.apply.errors import failure_of
from pattern_operator.apply.field_release import fields_left_to_others
from pattern_operator.apply.ignore_differences import Rule, decode_rules, without
from pattern_operator.apply.managed.managed_objects import ManagedObjects
from pattern_operator.apply.managed.observation import fingerprint, own_fields, writers_of
from pattern_operator.apply.owned_values import owned_values
from pattern_operator.apply.ownership import Owner, add_owner_metadata, apply_policy_of
from pattern_operator.apply.request_lanes import lanes_of
from pattern_operator.apply.result import ApplyFailure, of_defect
from pattern_operator.fair_semaphore import FairSemaphore
from pattern_operator.kube import ApiError, Conflicts, Discovery, KindNotFound, Session
from pattern_operator.kube import objects as verbs

AT_ONCE: Final = 8  # dry runs at once for all patterns: each costs the API server as much as an apply


_OF_A_VERSION: Final = frozenset({"managedFields", "resourceVersion", "generation"})


class DryRun:
    """Compares objects with what an apply would make of them, never more than ``at_once`` requests at once."""

    def __init__(
        self, session: Session, discovery: Discovery, *, managed_objects: ManagedObjects, at_once: int = AT_ONCE
    ) -> None:
        self._session = session
        self._discovery = discovery
        self._managed = managed_objects
        self._slots = FairSemaphore(at_once)

    async def compare_all(
        self,
        objects: Collection[Object],
        *,
        owner: Owner,
        ignored: Collection[IgnoreDifferences] = (),
        impersonate: str | None,
    ) -> tuple[ApplyFailure, ...]:
        """Let the objects that are ``owner``'s be compared with what an apply would leave; those that could not be.

        ``objects`` are scoped, ``ignored`` says which fields others write. What is not there counts as gone; what is
        another's, or left to others, is passed over. Nothing is changed.
        """
        failures: list[ApplyFailure] = []
        rules = decode_rules(ignored)

        async def attempt(each: Object) -> None:
            try:
                await self._compare(each, owner=owner, rules=rules, impersonate=impersonate)
            except ApiError as error:
                failures.append(failure_of(each.key, error, account=impersonate))
            except (KindNotFound, ValueError) as error:
                failures.append(ApplyFailure(each.key, Reason.APPLY_FAILED, str(error)))
            except Exception as error:  # a defect costs this object
                self._session.internal_errors.record("dry_run", error)
                failures.append(of_defect(each.key))

        await run_all(attempt(each) for each in objects)
        return tuple(sorted(failures, key=lambda each: each.order))

    async def _compare(
        self, desired: Object, *, owner: Owner, rules: tuple[Rule, ...], impersonate: str | None
    ) -> None:
        key = desired.key
        if apply_policy_of(mapping_at(desired.body, "metadata")):
            return  # created once, or never applied: there is nothing that would be undone
        version = desired.api_version.rpartition("/")[2]
        resource = await self._discovery.find(group=key.group, kind=key.kind, version=version)
        await self._managed.ready(resource)
        managed = self._managed.get(key)
        if managed is None:
            self._managed.mark_missing(key, owner=owner.id)
            return
        if not managed.present or managed.observed.label != owner.id:
            return
        taken = managed.is_taken
        live = await verbs.get(self._session, resource, namespace=key.namespace, name=key.name, impersonate=impersonate)
        left, _ = await fields_left_to_others(
            self._session, desired, rules=rules, scaled_by=managed.observed.scaled_by, impersonate=impersonate
        )
        marked = add_owner_metadata(desired, owner=owner, adopted=managed.observed.adopted, uid=managed.observed.uid)
        async with self._slots.acquire(*lanes_of(key, owner)):
            answer = await verbs.apply(
                self._session,
                resource,
                body=apply_body(replace(marked, body=without(marked.body, left))),
                namespace=key.namespace,
                name=key.name,
                field_manager=FIELD_MANAGER,
                conflicts=Conflicts.FORCE,
                impersonate=impersonate,
                dry_run="All",
            )
        if taken:  # who holds the fields is known to be another: all values are compared, those of others too
            same = _values(live) == _values(answer)
            writers = writers_of(ObjectMeta.of(live)) if same else None
            self._managed.record_comparison(key, owner=owner.id, writers=writers)
            return
        self._managed.expect(key, owner=owner.id)
        self._managed.compare(key, owner=owner.id, desired=fingerprint(ObjectMeta.of(answer).managers))
        fields = own_fields(answer)
        same = owned_values(live, fields) == owned_values(answer, fields)
        self._managed.record_values(key, owner=owner.id, version=ObjectMeta.of(live).version, same=same)


def _values(body: Body) -> dict[str, Any]:
    """What an object says, but for who wrote it, and which of its versions this is."""
    metadata = {name: each for name, each in mapping_at(body, "metadata").items() if name not in _OF_A_VERSION}
    return {**body, "metadata": metadata}
