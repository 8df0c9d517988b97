"""No shape of a foreign body may raise anything but a typed refusal: every function that takes one is thrown at.

``READERS`` is the list of them. ``test_every_function_that_takes_a_body_is_thrown_at`` fails for a new one that is not
reached from it. ``FOREIGN_BODIES=200000`` in the environment is the number of examples, all readers together.
"""

import ast
import asyncio
import base64
import dataclasses
import logging
import math
import os
import sys
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from tests.apply.fake_watches import FakeWatches, NoTasks
from tests.executors import EXECUTORS
from tests.foreign_bodies import HUGE, JUNK, NAMES, REAL, Foreign, bodies, deep
from tests.kube.fake_session import FakeSession
from tests.lint.schemas import shipped

import pattern_operator
from pattern_operator import handlers
from pattern_operator.api import designpattern, fields, trust_policy
from pattern_operator.api.apply_spec import IgnoreDifferences
from pattern_operator.api.designpattern import decode
from pattern_operator.api.generated import GeneratedFields, value_at
from pattern_operator.api.health_check import HealthCheck as HealthCheckSpec
from pattern_operator.api.hook import Hook, is_hook, misread, with_hook_of
from pattern_operator.api.inventorycodec import expand
from pattern_operator.api.names import FIELD_MANAGER, OWNER_LABEL
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import (
    Applier,
    Deleter,
    ManagedObjects,
    Owner,
    add_owner_metadata,
    fieldset,
    health_of,
    inventory_objects,
    resolve_scope,
    waves,
)
from pattern_operator.apply.account_rbac import binds
from pattern_operator.apply.adoption import decide
from pattern_operator.apply.apply_body import apply_body
from pattern_operator.apply.autoscaler import autoscaler_of
from pattern_operator.apply.co_owners import MAX_REMAINING, co_owners, remaining_fields
from pattern_operator.apply.crd import has_conflict, is_established, kinds_of_crds, until_established
from pattern_operator.apply.defaulted_fields import explain_defaulted_fields
from pattern_operator.apply.dry_run import _values
from pattern_operator.apply.entry_versions import in_version
from pattern_operator.apply.errors import failure_of
from pattern_operator.apply.existing import has_other_managers
from pattern_operator.apply.existing import read as marks_of
from pattern_operator.apply.finished import content_hash, has_finished, is_ephemeral
from pattern_operator.apply.generated_fields import kept_values
from pattern_operator.apply.hooks import HookObjects, outcome_of
from pattern_operator.apply.ignore_differences import (
    decode_rules,
    formerly_applied,
    has,
    pointers_of,
    release_patch,
    without,
    without_released,
)
from pattern_operator.apply.kstatus import RULES
from pattern_operator.apply.leaving_holders import name_holders
from pattern_operator.apply.managed.checks import Checks, NoJudge
from pattern_operator.apply.managed.field_managers import missing_fields
from pattern_operator.apply.managed.observation import Observation, own_fields
from pattern_operator.apply.managing_tools import managing_tool_of
from pattern_operator.apply.migrate import migration, needs_migration, share_handed_on
from pattern_operator.apply.need import KindNeeded, NamespaceNeeded, RightsNeeded
from pattern_operator.apply.owned_values import owned_values
from pattern_operator.apply.owner_metadata import remove_owner_metadata
from pattern_operator.apply.ownership import apply_policy_of, label_of
from pattern_operator.apply.pod_cause import first_cause
from pattern_operator.apply.pod_diagnosis import POD, diagnose_pods, selector_of
from pattern_operator.apply.populated_fields import POPULATED_FIELDS
from pattern_operator.apply.protected import DEFAULT_PROTECTED
from pattern_operator.apply.pvc_diagnosis import diagnose_pvc
from pattern_operator.apply.pvc_size import bytes_of, explain_grown_pvc
from pattern_operator.apply.remaining_content import find_remaining_content
from pattern_operator.apply.replaced_fields import (
    all_fields,
    handed_over,
    holders,
    in_the_way,
    is_touched,
    protecting,
    replaced,
)
from pattern_operator.apply.replicas import scaled_in, scaler_of, sets_replicas
from pattern_operator.apply.result import ApplyFailure
from pattern_operator.cli import (
    cluster,
    designpattern_file,
    installation,
    table,
    uninstaller,
    values_from_files,
    wait,
    watch,
)
from pattern_operator.cli import policy as policy_command
from pattern_operator.cli.imports import notation
from pattern_operator.cli.policy_files import secrets_in
from pattern_operator.errors import PatternError
from pattern_operator.health_checks.language import judge as judge_health
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import (
    ApiError,
    ApiUnavailable,
    Discovery,
    KindNotFound,
    LeaderElector,
    Projection,
    Reflector,
    Resource,
    Session,
    WatchEvent,
    WatchEventType,
)
from pattern_operator.kube import objects as verbs
from pattern_operator.kube.decode import read_list, read_object
from pattern_operator.kube.discovery import _resources, _silent
from pattern_operator.kube.errors import from_response
from pattern_operator.kube.kind_existence import Definitions, is_gone
from pattern_operator.kube.kopf_watch import KopfWatch
from pattern_operator.kube.pagination import Page
from pattern_operator.kube.self_review import can_patch_everything, user_name
from pattern_operator.kube.status_message import StatusCause
from pattern_operator.kube.wellknown import CONFIG_MAP, NAMESPACE, SECRET
from pattern_operator.lint.schema import openapi
from pattern_operator.reconcile import (
    ConfigSources,
    DeletionWatch,
    MissingKinds,
    PatternKey,
    PatternStore,
    Prerequisites,
    Reconciler,
    StatusWriter,
)
from pattern_operator.reconcile.held_patterns import left_behind, not_made
from pattern_operator.reconcile.pattern_store import key_of
from pattern_operator.reconcile.policy_store import KnownPolicy, PolicyStore
from pattern_operator.reconcile.prerequisites import RIGHTS
from pattern_operator.reconcile.trust_policies import TrustPolicies
from pattern_operator.reconcile.write_ahead import Ahead
from pattern_operator.startup import load_patterns

EXAMPLES: Final = int(os.environ.get("FOREIGN_BODIES", "3000"))
NOW: Final = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
TYPED: Final = (ApiError, KindNotFound, PatternError, msgspec.ValidationError)
KIND: Final = Resource(group="example.com", version="v1", kind="Widget", plural="widgets", namespaced=True)
CRD_KEY: Final = ObjectKey("apiextensions.k8s.io", "CustomResourceDefinition", "", "widgets.example.com")
KEY: Final = ObjectKey("example.com", "Widget", "team", "it")
PATTERN_KEY: Final = ObjectKey("pattern-operator.io", "DesignPattern", "team", "it")
OWNER: Final = Owner("someowner", "team", "web")
DEEP_FIELDS: Final = {"manager": "pattern-operator", "operation": "Apply", "fieldsV1": deep(300)}
READERS: dict[str, Callable[[Any], Any]] = {}
Reader = Callable[[Any], Any]


class StrictError(InternalErrors):
    """What is contained in the operator is not contained here."""

    def record(self, where: str, error: Exception) -> None:
        raise AssertionError(f"an internal error at {where}") from error


class Forgetting(Reconciler):
    """Knows of no pattern, and reads what it is to forget."""

    def __init__(self) -> None: ...
    def forget(self, key: PatternKey, *, uid: str) -> None:
        f"{key}".encode()
        uid.encode()


class FollowedSources(ConfigSources):
    """Follows every kind."""

    async def _follow(self, resource: Resource) -> bool:
        return True


class FakeDiscovery(Discovery):
    """Knows every kind."""

    async def find(self, *, group: str, kind: str, version: str | None = None) -> Resource:
        return Resource(group, version or "v1", kind, f"{kind.lower()}s", namespaced=True)

    async def deletable(self, *, group: str | None = None) -> tuple[Resource, ...]:
        return (KIND, Resource("apps", "v1", "ReplicaSet", "replicasets", namespaced=False))


def reader(read: Reader) -> Reader:
    """Enter a function of one body in the list."""
    READERS[read.__name__] = read
    return read


@reader
def lint(body: Any) -> Any:
    schemas = shipped()
    found = [body, *body.values()] if isinstance(body, dict) else [body]
    bodies = [each for each in found if isinstance(each, dict)]
    faults = [list(schemas.with_crds(bodies).faults(each)) for each in bodies]
    return faults, [(openapi.reduced(each), openapi.of_crd(each)) for each in bodies]


def answer_of(body: Any) -> bytes:
    """``body`` as a server sends it; what is not JSON at all is the empty object there."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        return orjson.dumps(fields.shallow(body))


def answering(body: Any) -> FakeSession:
    """A session whose answers are ``body``."""
    return FakeSession(answer_of(body), internal_errors=StrictError())


def managed_objects(session: Session | None = None, judge: NoJudge | None = None) -> ManagedObjects:
    found = ManagedObjects(
        session or answering({}), tasks=NoTasks(), on_change=lambda *_: None, now=lambda: NOW, judge=judge
    )
    found._watches = FakeWatches()
    return found


def as_object(body: Any) -> Object:
    """``body`` as a rendered object, whatever it is."""
    return Object(KEY, "example.com/v1", body if isinstance(body, dict) else {"metadata": body})


async def for_a_moment(work: Awaitable[Any]) -> None:
    """Run what never ends: as far as it comes without waiting."""
    task = asyncio.ensure_future(work)
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


# --- the list ------------------------------------------------------------------------------------------------------


@reader
def plain_fields(body: Any) -> None:
    meta = fields.ObjectMeta.of(body)
    for name in ("name", "namespace", "uid", "resource_version", "created", "finalizers", "managers", "label"):
        getattr(meta, name)
    assert max(map(len, (meta.name, meta.namespace, meta.uid, meta.resource_version))) <= fields.MAX_NAME
    assert len(meta.finalizers) <= fields.MAX_FINALIZERS
    assert isinstance(meta.version, int)
    assert isinstance(meta.deleting, bool)
    assert meta.generation is None or meta.generation >= 0
    meta.annotation("a")
    fields.texts(body)
    fields.has_condition(body, "Ready")
    fields.list_at(body, "items")
    orjson.dumps(fields.shallow(body))
    f"{fields.integer(body)}{fields.integer_at(body, 'status', 'replicas')}"
    fields.text(body).encode()


@reader
def hooks(body: Any) -> None:
    is_hook(body)
    if isinstance(body, dict):
        misread(body)
    for name in ("helm.sh/hook", "helm.sh/hook-weight", "helm.sh/hook-delete-policy"):
        misread({name: body})
    orjson.dumps(with_hook_of(body, {}))
    marked = {"metadata": {"annotations": {"helm.sh/hook": "pre-install"}}}
    if isinstance(body, dict):
        assert is_hook(with_hook_of(marked, body))
    Hook.of(as_object(body))
    for kind in ("Job", "Pod"):
        outcome_of(body, key=ObjectKey("batch" if kind == "Job" else "", kind, "team", "seed")).message.encode()


@reader
def generated_values(body: Any) -> None:
    desired = Object.of({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "it"}, "stringData": {"a": "b"}})
    paths = (("stringData", "a"), ("metadata", "name"), ("stringData",), (), ("data", 0))
    entries = [{"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": body}, {"manager": "x", "fieldsV1": body}]
    held = {"metadata": {"name": "it", "managedFields": entries}, "data": {"a": "Yg=="}, "list": [body, 1]}
    for live in (body, held):
        made = kept_values(desired, GeneratedFields(desired.key, paths), live).object
        assert made.body.keys() == desired.body.keys()
    for path in (*paths, ("metadata", "name", 0), ("spec", "containers", 0, "name")):
        value_at(body, path)


@reader
async def objects_of_hooks(body: Any) -> None:
    """The body as the object that is there, as what is made of it, and as the hook."""
    session = answering(body)
    made = HookObjects(session, FakeDiscovery(session), managed_objects=managed_objects(session))
    for desired in (as_object({}), as_object(body)):
        for work in (
            made.look(desired, owner=OWNER, impersonate=None),
            made.create(desired, run="run", owner=OWNER, impersonate=None),
            made.delete(desired, uid="u", impersonate=None),
        ):
            with suppress(*TYPED):
                await work
        assert isinstance(await made.is_of_helm(desired, impersonate=None), bool)
        with suppress(*TYPED):
            assert isinstance(await made.is_namespace_going("team"), bool)


@reader
def health(body: Any) -> None:
    health_of(body, now=NOW).message.encode()
    if isinstance(body, dict):
        for group, kind in (*RULES, ("", "Pod")):
            api_version = f"{group}/v1" if group else "v1"
            health_of({**body, "apiVersion": api_version, "kind": kind}, now=NOW).message.encode()


@reader
def observation_and_drift(body: Any) -> None:
    for key in (KEY, ObjectKey("batch", "Job", "team", "it"), ObjectKey("", "Namespace", "", "it")):
        seen = Observation.of(body, key=key, now=NOW)
        assert len(seen.label) <= fields.MAX_NAME
        assert len(seen.health.message) < 4096
        assert sum(map(len, seen.finalizers)) <= 2 * fields.MAX_FINALIZERS * fields.MAX_WORD


class _Checks(NoJudge):
    """Each pattern has a check for the kind, which nobody evaluates: what is written of a body is what counts."""

    def recall(self, _owner: str) -> Checks | None:
        return [HealthCheckSpec(api_version=KIND.api_version, kind=KIND.kind, current="true")]


@reader
async def objects_with_health_checks(body: Any) -> None:
    if not isinstance(body, dict):
        return
    one = managed_objects(judge=_Checks())
    for kind in (WatchEventType.ADDED, WatchEventType.MODIFIED):
        one._events.handle(KIND, WatchEvent(kind, body))
    one.record(body, key=KEY, owner=OWNER.id, resource=KIND)
    found = one.get(KEY)
    assert found is not None
    assert found.check is not None
    with suppress(orjson.JSONEncodeError):
        judge_health({"inProgress": "status.a", "failed": "metadata.b == 1", "current": "spec.c"}, orjson.dumps(body))


@reader
async def managed_objects_of_a_watch(body: Any) -> None:
    if not isinstance(body, dict):
        return
    one = managed_objects()
    for kind in WatchEventType:
        one._events.handle(KIND, WatchEvent(kind, body))
    one.record(body, key=KEY, owner=OWNER.id, resource=KIND)
    one.observe(body, key=KEY)
    for kind in WatchEventType:
        one._events.handle(KIND, WatchEvent(kind, body))
    one.health(OWNER.id), one.drifted(OWNER.id), one.conflicts(OWNER.id)
    for managed in tuple(one._index):
        one._events._recheck(managed, body)
    one.close()
    unlisted = managed_objects()
    unlisted._events._listed = lambda _: False
    unlisted._events.handle(KIND, WatchEvent(WatchEventType.ADDED, body))
    assert not tuple(unlisted._index)


@reader
def ownership(body: Any) -> None:
    label_of(body), apply_policy_of(body)
    label_of(fields.mapping_at(body, "metadata")).encode()
    rendered = as_object(body)
    inventory_objects([rendered], owned=()), waves([rendered])
    with suppress(ValueError):
        add_owner_metadata(rendered, owner=OWNER)
    for key in (
        KEY,
        ObjectKey("rbac.authorization.k8s.io", "RoleBinding", "team", "it"),
        ObjectKey("", "Secret", "t", "i"),
        *(ObjectKey(each.group, each.kind, "t", "i") for each in POPULATED_FIELDS),
    ):
        with suppress(ValueError):
            apply_body(Object(key, "v1", rendered.body))
        DEFAULT_PROTECTED.why(key, body)
    with suppress(ValueError):
        Object.of(body)


@reader
def existing(body: Any) -> None:
    seen = marks_of(body)
    for rendered in (KEY, ObjectKey("", "Namespace", "", "it")):
        managing_tool_of(seen, rendered)
        for policy in ("Never", "IfUnowned", "Always"):
            decide(seen, key=rendered, owner=OWNER, holder=None, policy=policy, remembered=False)
    has_other_managers(body)
    seen.label("app"), seen.annotation("a"), seen.managers


@reader
def handing_fields_on(body: Any) -> None:
    """The body as the answer to a dry run, as a set of fields, and as one entry beside ours."""
    fieldset.read(body)
    migration(body, key=KEY)
    for fields_v1 in (body, fields.mapping_at(body, "metadata")):
        ours = {"manager": "pattern-operator", "operation": "Apply", "apiVersion": "v1", "fieldsV1": fields_v1}
        theirs = {"manager": "helm", "operation": "Update", "apiVersion": "v1", "fieldsV1": body}
        found = migration({"metadata": {"managedFields": [ours, theirs]}}, key=KEY)
        assert found is not None
        assert len(found["managedFields"]) <= 2
        live = {"metadata": {"managedFields": [ours, theirs]}}
        share_handed_on(live, keep=lambda kept: kept)
        shared = co_owners(fields.ObjectMeta.of(live).managers)
        assert len(remaining_fields(shared, live, keep=lambda kept: kept)) <= MAX_REMAINING
        alone = {"metadata": {"managedFields": [theirs]}}
        assert len(remaining_fields(shared, alone, keep=lambda kept: kept)) <= MAX_REMAINING
    share_handed_on(body, keep=lambda kept: kept)
    in_version(body, "v1", is_picked=lambda _: True)
    in_version({"metadata": {"managedFields": [{"fieldsV1": body}, {"fieldsV1": body}]}}, "v1", is_picked=bool)
    needs_migration(marks_of(body).entries, marks_of(body).annotations)


@reader
def taking_back(body: Any) -> None:
    """The body as the live object, as the manifest, and as a set of fields."""
    rendered, causes = as_object(body), [StatusCause("spec.a[0].b", "FieldValueDuplicate", "Duplicate value")]
    foreign = fieldset.read(body)
    replaced(foreign, body=body, live=all_fields(body))
    protecting(lambda left: left, body=rendered.body, left=[("spec", "a")])(foreign)
    in_the_way(foreign, body=body, causes=causes)
    is_touched(fields.ObjectMeta.of(body).managers)
    for live in (body, {"metadata": {"managedFields": [{**DEEP_FIELDS, "manager": "kubectl", "fieldsV1": body}]}}):
        handed_over(live, rendered, pick=lambda _, theirs: theirs)
        for held in holders(live, body={"spec": body}, causes=causes):
            f"{held.manager} {held.field}".encode()
    clashing = {**DEEP_FIELDS, "manager": "kubectl", "fieldsV1": {"f:spec": {"f:a": {'k:{"x":1}': {"f:b": body}}}}}
    assert holders({"metadata": {"managedFields": [clashing]}}, body={"spec": {"a": [body]}}, causes=causes)


@reader
async def growing_a_claim(body: Any) -> None:
    """The body as the claim, as the manifest, and as a size."""
    bytes_of(body)
    claim = ObjectKey("", "PersistentVolumeClaim", "team", "data")
    invalid = ApiError(code=422, reason="Invalid", message="is invalid")
    for wanted in (as_object(body), as_object({"spec": {"resources": {"requests": {"storage": "1Gi"}}}})):
        for live in (body, {"metadata": body, "spec": {"resources": {"requests": {"storage": "2Gi"}}}}):
            note = await explain_grown_pvc(
                answering(live), KIND, dataclasses.replace(wanted, key=claim), invalid, impersonate=None
            )
            note.encode()


@reader
def leaving_to_others(body: Any) -> None:
    """The body as the live object, as what was applied, and as a set of fields."""
    rendered = as_object(body)
    rules = (IgnoreDifferences(paths=("/spec/replicas", "/metadata/labels/a", "/spec/0", "/data/x")),)
    paths = (*pointers_of(decode_rules(rules), rendered), ("spec", "replicas"), ("0", "1"), ("metadata",))
    without(rendered.body, paths)
    has(body, ("spec", "replicas"))
    release_patch(body, body=body, paths=paths)
    without_released(fieldset.read(body), body=body, paths=paths)
    for meta in (body, {"metadata": body}):
        scaler_of(fields.ObjectMeta.of(meta).managers)
        sets_replicas(fields.ObjectMeta.of(meta).managers)
    formerly_applied(decode_rules(rules), rendered)
    _values(rendered.body)
    scaled_in([rendered])
    missing_fields(own_fields({"metadata": {"managedFields": [{**DEEP_FIELDS, "fieldsV1": body}]}}), own_fields(body))
    owned_values(body, fieldset.read(body))
    owned_values([body, {"x": body}], {'k:{"x":1}': {"f:a": {}}, "v:1": {}, "i:0": {"f:a": {}}, "f:a": {}, "k:": {}})


@reader
async def autoscalers(body: Any) -> None:
    await autoscaler_of(answering(body), KEY, manager="hpa", impersonate=None)
    await autoscaler_of(answering({"items": [body]}), KEY, manager="hpa", impersonate=None)


@reader
async def looking_into_containers(body: Any) -> None:
    session = answering(body)
    for key in (ObjectKey("", "Namespace", "", "it"), CRD_KEY):
        discovery = FakeDiscovery(session)
        await find_remaining_content(key, session=session, discovery=discovery, impersonate=None)


@reader
async def taking_marks_off(body: Any) -> None:
    for owner in ("someowner", ""):
        for key in (KEY, PATTERN_KEY):
            await remove_owner_metadata(answering(body), KIND, key, owner=owner, impersonate=None)


@reader
def definition(body: Any) -> None:
    is_established(body)
    has_conflict(body)
    for found in kinds_of_crds([Object(CRD_KEY, "apiextensions.k8s.io/v1", as_object(body).body)]).values():
        found.path(namespace="team", name="it")


@reader
async def scope(body: Any) -> None:
    await resolve_scope([as_object(body)], discovery=FakeDiscovery(answering({})), default_namespace="team")


@reader
async def applying(body: Any) -> None:
    """The body as the object that is applied, and as each answer to it, also where that is about the right object."""
    for answer in (body, about(KEY, body)):
        session = answering(answer)
        discovery, followed = FakeDiscovery(session), managed_objects(session)
        applier = Applier(session, discovery, managed_objects=followed)
        followed._unlisted.note(KEY, label="x")
        for rendered in (as_object(body), as_object(REAL["Widget"])):
            done = await applier.apply_all([rendered], owner=OWNER, conflicts="Fail", owned=())
            assert Reason.INTERNAL_ERROR not in {failure.reason for failure in done.failures}


def about(key: ObjectKey, body: Any) -> Any:
    """``body`` with the name of an object of the pattern, and all else as it is."""
    if not isinstance(body, dict):
        return body
    name = {"name": key.name, "namespace": key.namespace, "labels": {OWNER_LABEL: OWNER.id}}
    return {**body, "metadata": {**fields.mapping(body.get("metadata")), **name}}


@reader
async def removing(body: Any) -> None:
    session = answering(body)
    deleter = Deleter(session, FakeDiscovery(session), managed_objects=managed_objects(session))
    entry = InventoryEntry(id=str(KEY), v="v1")
    for _ in range(2):
        await deleter.delete_all([entry], owner=OWNER, impersonate=None, otherwise=Reason.PRUNE_FAILED)


@reader
async def leaving_holders(body: Any) -> None:
    """The body as the Service or class that is refused, and as the one that leaves."""

    async def read(_: ObjectKey) -> Any:
        return body if isinstance(body, dict) else {}

    for kind, said in (
        (("", "Service"), "provided IP is already allocated"),
        (("scheduling.k8s.io", "PriorityClass"), "x is already marked as default"),
    ):
        key = ObjectKey(*kind, "team", "it")
        refused = ApplyFailure(key, Reason.APPLY_FAILED, said)
        await name_holders([refused], desired={key: as_object(body)}, leaving=[key], read=read)


@reader
def bindings_of_an_account(body: Any) -> None:
    binds(body, "system:serviceaccount:team:deployer")


@reader
async def verbs_of_objects(body: Any) -> None:
    session = answering(body)
    await verbs.get(session, KIND, namespace="team", name="it")
    await verbs.apply(session, KIND, body=b"{}", namespace="team", name="it", field_manager="x")
    await verbs.delete(session, KIND, namespace="team", name="it")
    await verbs.patch_merge(session, KIND, body=b"{}", namespace="team", name="it", field_manager="x")
    await verbs.create(session, KIND, body=b"{}", namespace="team", field_manager="x")
    await verbs.replace(session, KIND, body=b"{}", namespace="team", name="it", field_manager="x")


@reader
async def lists(body: Any) -> None:
    for found in await verbs.list_(answering(body), KIND):
        fields.ObjectMeta.of(found)


@reader
def pages(body: Any) -> None:
    if isinstance(body, dict):
        Page.of(body)


@reader
async def watching(body: Any) -> None:
    """The body as a page, as an event, and as the object in one."""
    told: list[WatchEvent] = []
    problems: list[ApiError] = []
    watch = Reflector(
        answering(body), KIND, projection=Projection.FULL, on_change=told.append, on_problem=problems.append
    )
    with suppress(ApiError):
        await watch._list()
    events = [body, *({"type": kind, "object": body} for kind in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"))]
    for event in events:
        if isinstance(event, dict):
            with suppress(ApiError):
                watch._take(event)
    await for_a_moment(watch.run())
    assert all(isinstance(change.object["metadata"]["name"], str) for change in told)
    assert all(map(str, problems))


@reader
async def established(body: Any) -> None:
    await for_a_moment(until_established(["widgets.example.com"], session=answering(body), owner=OWNER.id))


@reader
def discovery(body: Any) -> None:
    for found, can in _resources(body):
        assert all(isinstance(each, str) for each in can)
        found.path(namespace="team", name="it")
    for group in _silent(body):
        group.encode()


@reader
async def discovery_of_a_server(body: Any) -> None:
    await Discovery(answering(body)).deletable()
    await Discovery(answering(body)).find(group="apps", kind="Deployment")


@reader
async def lease(body: Any) -> None:
    if not isinstance(body, dict):
        return
    body = fields.shallow(body)  # all that a lease is made of came as JSON
    one = LeaderElector(answering(body), namespace="team", name="it", identity="me", clock=lambda: 0.0)
    one._observe(WatchEvent(WatchEventType.MODIFIED, body))
    one.holder.encode()
    assert not math.isnan(one._remaining())
    await one._write("me", duration=30.0)
    with suppress(Exception):  # taken over: it says whose it is
        await one._look_again()


@reader
async def self_review(body: Any) -> None:
    (await user_name(answering(body))).encode()
    assert isinstance(await can_patch_everything(answering(body)), bool)


@reader
async def errors(body: Any) -> None:
    failure_of(KEY, ApiError.from_status(body)).message.encode()
    left_over = StatusCause(
        "spec.strategy.rollingUpdate[7].x", "FieldValueForbidden", "may not specify more than 1 volume type"
    )
    forbidden = ApiError(code=422, reason="Invalid", message="is invalid", causes=(left_over,))
    explain_defaulted_fields(failure_of(KEY, forbidden), forbidden, body=body).message.encode()
    content = answer_of(body)
    for code in (403, 409, 422, 429, 500):
        failure = failure_of(
            KEY, from_response(code=code, retry_after="1", body=content, content_type="application/json")
        )
        failure.message.encode()
    await read_object(content)
    with suppress(ApiUnavailable):  # it is not a list
        Page.of(await read_list(content))


@reader
def compressed_inventories(body: Any) -> None:
    """The body in place of the compressed text, and as what is compressed in it."""
    inside = base64.b64encode(zlib.compress(answer_of(body))).decode()
    for inventory in (body, {"compressed": body}, {"compressed": inside}, {"compressed": inside, "entries": body}):
        expand({"status": {"inventory": inventory}})
    expand(body if isinstance(body, dict) else {"status": body})


@reader
def patterns(body: Any) -> None:
    known = PatternStore()
    if isinstance(body, dict):
        handlers.decode_or_log(body, patterns=known)
        handlers.decode_or_log(body, patterns=known)
        for pattern in known:
            left_behind(known.line(pattern), patterns=known)
            not_made(pattern, [key_of(pattern)], patterns=known)
        decode(body)


@reader
def trust_policies(body: Any) -> None:
    if isinstance(body, dict):
        policy = KnownPolicy.of(body)
        assert policy.match  # whatever it is, it covers something
        PolicyStore().take(policy)
        trust_policy.decode_match(body)
        with suppress(msgspec.ValidationError):  # it is not a policy
            trust_policy.decode(body)


@reader
def what_kopf_is_sent(body: Any) -> None:
    watch = KopfWatch()
    watch.skip_known(lambda *seen: all(isinstance(each, str) for each in seen))
    for event in (body, {"type": "MODIFIED", "object": body}, {"type": "ERROR", "object": body}):
        assert watch.take(answer_of(event))


@reader
async def kopf_handler(body: Any) -> None:
    if not isinstance(body, dict):
        return
    registry = handlers.registry(
        session=answering({}),
        patterns=PatternStore(),
        wake=lambda _: None,
        reconciler=Forgetting(),
        stop=partial(asyncio.sleep, 0),
    )
    changed: Any  # kopf hands more on than the handler takes
    (changed,) = [each.fn for each in registry._watching.get_all_handlers()]
    for kind in (None, "ADDED", "DELETED"):
        await changed(type=kind, body=body)


@reader
async def all_patterns(body: Any) -> None:
    await load_patterns(answering(body), PatternStore())


@reader
async def writing(body: Any) -> None:
    pattern = decode(REAL["DesignPattern"])
    await StatusWriter(answering(body), PatternStore(), wake=lambda _: None, cpu=EXECUTORS.cpu).add_finalizer(pattern)


@reader
async def what_is_written_ahead(body: Any) -> None:
    writer = StatusWriter(answering(body), PatternStore(), wake=lambda _: None, cpu=EXECUTORS.cpu)
    entry = InventoryEntry(id=str(KEY), v="v1", pending=True)
    await writer.write_ahead(decode(REAL["DesignPattern"]), Ahead((entry,), "{}"))


@reader
async def secrets_and_config_maps(body: Any) -> None:
    config_sources = FollowedSources(answering(body), wake=lambda _: None, tasks=NoTasks())
    for resource in (SECRET, CONFIG_MAP):
        for _ in range(2):
            with suppress(PatternError, ApiError):
                await config_sources.read(resource, namespace="team", name="it", reader=PatternKey("team", "web"))
            if isinstance(body, dict):
                config_sources._changed(resource, WatchEvent(WatchEventType.MODIFIED, body))


@reader
async def awaited_kinds(body: Any) -> None:
    one = MissingKinds(answering({}), FakeDiscovery(answering({})), wake=lambda _: None, tasks=NoTasks())
    one.wait(PatternKey("team", "web"), [KindNeeded(KEY.group, KEY.kind)])
    if isinstance(body, dict):
        one._changed(WatchEvent(WatchEventType.ADDED, body))


@reader
async def awaited_others(body: Any) -> None:
    one = Prerequisites(answering({}), FakeDiscovery(answering({})), wake=lambda _: None, tasks=NoTasks())
    one.wait(PatternKey("team", "web"), [NamespaceNeeded("team"), RightsNeeded("team")])
    if isinstance(body, dict):
        for resource in (NAMESPACE, *RIGHTS):
            one._watched[resource].synced.set()
            one._changed(resource, WatchEvent(WatchEventType.ADDED, body))


@reader
async def what_holds(body: Any) -> None:
    one = TrustPolicies(answering({}), PatternStore(), wake=lambda _: None, forget=lambda _: None, tasks=NoTasks())
    if isinstance(body, dict):
        for kind in WatchEventType:
            one._policy_changed(WatchEvent(kind, body))
            one._namespace_changed(WatchEvent(kind, body))


@reader
async def existence(body: Any) -> None:
    one = DeletionWatch(answering({}), PatternStore(), on_gone=lambda *_: None)
    if isinstance(body, dict):
        one._changed(WatchEvent(WatchEventType.DELETED, body))


@reader
async def absence(body: Any) -> None:
    await is_gone(answering(body), NAMESPACE)
    with suppress(ApiError):
        await Definitions(answering(body)).is_kind_gone(group="shop.example", kind="Widget", listed=False)


@reader
async def pods_of_a_workload(body: Any) -> None:
    first_cause([body]), selector_of(body)
    for reason in ("ErrImagePull", "CrashLoopBackOff", "CreateContainerConfigError"):
        waiting = {"waiting": {"reason": reason, "message": body}}
        status = {"name": body, "image": body, "state": waiting, "lastState": body}
        first_cause([{"metadata": body, "spec": {"containers": body}, "status": {"containerStatuses": [status]}}])
    await diagnose_pods(answering(body), FakeDiscovery(answering(body)), KEY, impersonate=None)
    claim = ObjectKey("", "PersistentVolumeClaim", "team", "it")
    await diagnose_pvc(answering(body), FakeDiscovery(answering(body)), claim, impersonate=None)
    await verbs.list_page(answering(body), POD, namespace="a", label_selector="a", limit=2)


@reader
def what_has_ended(body: Any) -> None:
    for kind in (ObjectKey("batch", "Job", "team", "it"), ObjectKey("", "Pod", "team", "it")):
        has_finished(body, key=kind)
        is_ephemeral(body, key=kind)
        if isinstance(body, dict):
            content_hash(Object(key=kind, api_version="v1", body=body))


@reader
def command_line(body: Any) -> None:
    if isinstance(body, dict):
        table._row(body, now=NOW), table._more(body), table.message(body)
        wait._progress(body), wait.ready(body), wait._is_answered(body), wait._failing(body)
        with suppress(wait.NotReadyError):
            wait._is_ready(body, "web")
        cluster.readable(body)
        watch._key(WatchEvent(WatchEventType.ADDED, body))
    text = body if isinstance(body, str) else ""
    table.age(text, NOW)
    pattern = installation.pattern_of(body, Counter()) if isinstance(body, dict) else None
    if pattern is not None:
        _ = pattern.why, pattern.display_name
    installation._is_fresh(text, NOW)


@reader
async def uninstall(body: Any) -> None:
    found = await installation.look(answering(body), namespace="system", now=NOW)
    named = installation.pattern_of({"metadata": {"name": "web", "namespace": "team"}}, Counter())
    for pattern in (*found.patterns, named):
        await uninstaller._remove_finalizer(answering(body), pattern)


@reader
def policies_in_files(body: Any) -> None:
    if not isinstance(body, dict):  # documents_of refuses it
        return
    signed = {"type": "sigstoreSigned", "signedIdentity": body, "pki": body, "keyData": body, "keyPaths": body}
    statement = {"name": body, "registryScopes": ["*", body], "signatureVerification": body, "trustStores": [body]}
    verify = {"secretRef": body, "matchOIDCIdentity": [body], "trustedRootSecretRef": body}
    authorities = [body, {"key": body, "attestations": [body]}, {"keyless": body, "ctlog": body}, {"static": body}]
    documents: list[dict[str, Any]] = [
        *({**body, "kind": kind} for kind in ("OCIRepository", "ClusterImagePolicy")),
        *({"kind": "OCIRepository", "spec": {"verify": {**verify, "provider": it}}} for it in ("cosign", "notation")),
        {"kind": "ClusterImagePolicy", "spec": {"images": [body], "match": body, "authorities": authorities}},
        {"kind": "ClusterImagePolicy", "metadata": body, "spec": {"images": [{"glob": "**"}], "authorities": body}},
        *({"trustPolicies": it} for it in (body, [body, statement])),
        *({"default": it} for it in (body, [body, signed])),
        {"transports": {"docker": {"registry.example": [body, signed], "": body}}},
    ]
    for each in documents:
        policy_command._convert(Path("/nowhere/policy.yaml"), each, {}, trust_store=None)
    notation.applicable({"trustPolicies": [body, statement]}, Repository.parse("oci://registry.example/web"))
    for kind in ("Secret", "ConfigMap"):
        secrets_in([{**body, "kind": kind}])


@reader
def a_design_pattern_in_a_file(body: Any) -> None:
    """``patternctl render --pattern``."""
    if isinstance(body, dict):
        with suppress(PatternError):
            designpattern_file._check(body, path="prod.yaml")
        designpattern_file.is_design_pattern(body)
        with suppress(PatternError):
            designpattern_file._chosen(
                [body, {**body, "kind": "DesignPattern"}], name=None, namespace=None, path="prod.yaml"
            )
        with suppress(PatternError):
            designpattern_file._chosen(
                [{**body, "kind": "DesignPattern"}] * 2, name="a", namespace="b", path="prod.yaml"
            )
        designpattern_file._decoded(body, namespace="team", path="prod.yaml")


@reader
def what_values_from_names_in_a_file(body: Any) -> None:
    """``patternctl render --pattern``."""
    if not isinstance(body, dict):
        return
    references = [{"kind": kind, "name": "db", "valuesKey": "a"} for kind in ("Secret", "ConfigMap")]
    source = {"url": "oci://registry.example/web", "ref": {"tag": "1"}}
    metadata = {"name": "web", "namespace": "team"}
    for reference in references:
        found = designpattern.decode(
            {"metadata": metadata, "spec": {"source": source, "render": {"valuesFrom": [reference]}}}
        )
        named = {"kind": reference["kind"], "metadata": {"name": "db"}}
        bodies = [{**body, "kind": reference["kind"]}, {**body, **named}, {**named, "data": body, "stringData": body}]
        for each in bodies:
            with suppress(PatternError):
                list(values_from_files.looked_up(found, [each], path="prod.yaml"))


# --- the tests -----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """What is refused is logged, a hundred thousand times here."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        runner.get_loop()
        yield runner


def throw(read: Reader, body: Any, loop: asyncio.Runner) -> None:
    with suppress(*TYPED):
        found = read(body)
        if asyncio.iscoroutine(found):
            loop.run(found)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=EXAMPLES // len(READERS), suppress_health_check=list(HealthCheck), database=None)
@given(body=bodies())
@example(body=Foreign({"apiVersion": "v1", "metadata": {"name": "x", "uid": "u"}, "spec": ["cpu", "memory"]}))
@example(body=Foreign({"metadata": {"name": "x", "uid": "u", "finalizers": 5}, "spec": {"finalizers": 5}}))
@example(body=Foreign({**REAL["Widget"], "metadata": {**REAL["Widget"]["metadata"], "managedFields": [DEEP_FIELDS]}}))
@example(body=Foreign({**REAL["Deployment"], "spec": {"replicas": HUGE}, "status": {"replicas": -HUGE}}))
def test_no_shape_of_a_body_raises(name: str, body: Foreign, loop: asyncio.Runner):
    throw(READERS[name], body.value, loop)


@pytest.mark.usefixtures("untraced")  # coverage is that of the test above: to trace these would take a minute more
@pytest.mark.parametrize("name", READERS)
def test_no_piece_of_junk_in_any_place_of_a_body_raises(name: str, loop: asyncio.Runner):
    """Every piece of junk, and every real body with it as its metadata, spec and status."""
    for junk in JUNK:
        throw(READERS[name], junk, loop)
        for body in REAL.values():
            for place in ("metadata", "spec", "status"):
                throw(READERS[name], {**body, place: junk}, loop)


@pytest.mark.parametrize("name", READERS)
def test_the_bodies_that_are_made_wrong_are_right_before(name: str, loop: asyncio.Runner):
    for body in REAL.values():
        throw(READERS[name], body, loop)


# --- that the list is whole ----------------------------------------------------------------------------------------

ROOT: Final = Path(pattern_operator.__file__).parent
LOOKED_AT: Final = (
    "api",
    "apply",
    "kube",
    "reconcile",
    "telemetry",
    "cli",
    "rollout",
    "handlers.py",
    "startup.py",
    "app.py",
)
TAKES_A_BODY: Final = frozenset(
    {"body", "metadata", "answer", "document", "item", "lease", "causes", "event", "change", "status", "pattern"}
)
OF_ANY_SHAPE: Final = ("Body", "dict[str, Any]", "Mapping[str", "object", "Any", "WatchEvent")
# These take what the operator itself made, or what a file of the machine's owner holds.
OURS: Final = frozenset(
    {
        "api/fields.py:array",  # by those below it
        "apply/managed/watch_events.py:recheck_later",  # what handle has looked at
        "apply/managed/watch_events.py:_recheck",
        "apply/managed/watches.py:_changed",
        "apply/managed/watches.py:remember",
        "cli/session.py:change",  # the change that is sent
        "cli/get.py:_gone",  # the change that a watch has read
        "cli/uninstaller.py:observe",  # by ObjectMeta alone
        "reconcile/status_writer.py:_patch",  # the change that is sent
        "telemetry/event_queue.py:_write",
    }
)


def functions() -> Iterator[tuple[str, int]]:
    """Where the functions are that take a body: ``file:name``, and the line of each."""
    for file in sorted(ROOT.rglob("*.py")):
        where = file.relative_to(ROOT)
        if where.parts[0] not in LOOKED_AT:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for parameter in (*node.args.args, *node.args.kwonlyargs):
                    shape = ast.unparse(parameter.annotation) if parameter.annotation else ""
                    if parameter.arg in TAKES_A_BODY and any(each in shape for each in OF_ANY_SHAPE):
                        yield f"{where}:{node.name}", node.lineno


def test_every_function_that_takes_a_body_is_thrown_at(loop: asyncio.Runner):
    called: set[str] = set()

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(ROOT)):
            called.add(f"{Path(frame.f_code.co_filename).relative_to(ROOT)}:{frame.f_code.co_name}")

    sys.setprofile(note)
    try:
        for read in READERS.values():
            for body in REAL.values():
                throw(read, body, loop)
    finally:
        sys.setprofile(None)

    assert sorted({name for name, _ in functions()} - called - OURS) == []


def test_nobody_reads_a_body_without_a_reader():
    """``body["metadata"]``, or ``.get`` on what a ``.get`` gave, raises for wrong shapes; ``api/fields`` does not."""
    own = {"kube/kubeconfig.py", "api/crd.py", "api/explain.py", "api/fields.py"}  # of the machine's owner, and our own
    found: list[str] = []
    for file in sorted(ROOT.rglob("*.py")):
        where = str(file.relative_to(ROOT))
        if file.relative_to(ROOT).parts[0] not in LOOKED_AT or where in own:
            continue
        nodes = ast.walk(ast.parse(file.read_text()))
        blind = [node for node in nodes if isinstance(node, ast.expr) and _is_blind(node)]
        found += [f"{where}:{node.lineno}: {ast.unparse(node)}" for node in blind]

    assert found == []


def _is_blind(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(slice=ast.Constant(value=str(name)), ctx=ast.Load()):
            return name in NAMES
        case ast.Call(func=ast.Attribute(attr="get", value=inner), args=[ast.Constant(value=str()), *_]):
            return isinstance(inner, ast.BoolOp | ast.Subscript) or (
                isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr == "get"
            )
    return False
