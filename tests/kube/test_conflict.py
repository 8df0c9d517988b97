"""What the API server answers with 409, and what others answer with it."""

from typing import Any

import orjson
import pytest

from pattern_operator.kube import ApiError, Resource
from pattern_operator.kube.conflict import is_field_conflict, is_optimistic_lock, is_overtaken
from pattern_operator.kube.errors import from_response
from pattern_operator.kube.kind_existence import is_missing

CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)
DEPLOYMENTS = Resource("apps", "v1", "Deployment", "deployments", namespaced=True)
UIDS = "9cde3e0e-5d6f-4b0c-8f5b-21d2d37b0c11", "0d2c1a3c-3c57-4b4e-9d7c-5a4f5a2a2a9e"
MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
NO_OBJECT = f"uid mismatch: the provided object specified uid {UIDS[0]}, and no existing object was found"
RECREATED = (
    f"the UID in the precondition ({UIDS[0]}) does not match the UID in record ({UIDS[1]}). The object might have been"
    " deleted and then recreated"
)
VERSION = (
    "the ResourceVersion in the precondition (12) does not match the ResourceVersion in record (13). The object might"
    " have been modified"
)
STORAGE = (
    "StorageError: invalid object, Code: 4, Key: /registry/configmaps/team/c, ResourceVersion: 0, AdditionalErrorMsg:"
    f" Precondition failed: UID in precondition: {UIDS[0]}, UID in object meta: "
)
GUARD = 'admission webhook "guard.example.com" denied the request'
BY_UID = {
    "reason": "FieldValueInvalid",
    "message": f'Invalid value: "{UIDS[0]}": field is immutable',
    "field": "metadata.uid",
}
HELD = {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl" using v1', "field": ".data.a"}


def answered(code: int, reason: str, message: str, **details: Any) -> ApiError:
    body = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
    return from_response(code=code, retry_after=None, body=orjson.dumps(body | {"details": details}))


def refused(why: str, *, on: str = "configmaps", name: str = "c") -> ApiError:
    """``apierrors.NewConflict``."""
    message = f'Operation cannot be fulfilled on {on} "{name}": {why}'
    return answered(409, "Conflict", message, name=name, kind=on)


@pytest.mark.parametrize(
    ("error", "resource"),
    [
        pytest.param(refused(MODIFIED), CONFIG_MAPS, id="another resourceVersion"),
        pytest.param(refused(MODIFIED, on="deployments.apps"), DEPLOYMENTS, id="of a group"),
        pytest.param(refused(NO_OBJECT), CONFIG_MAPS, id="a UID, and no object"),
        pytest.param(refused(RECREATED, on="ConfigMap"), CONFIG_MAPS, id="a deletion of another UID"),
        pytest.param(refused(RECREATED, on="Deployment.apps"), DEPLOYMENTS, id="a deletion in a group"),
        pytest.param(refused(VERSION, on="ConfigMap"), CONFIG_MAPS, id="a deletion of another version"),
        pytest.param(refused(STORAGE), CONFIG_MAPS, id="it went while it was written"),
        pytest.param(
            answered(409, "AlreadyExists", 'configmaps "c" already exists', name="c"), CONFIG_MAPS, id="it exists"
        ),
        pytest.param(
            answered(409, "AlreadyExists", 'object is being deleted: configmaps "c" already exists', name="c"),
            *(CONFIG_MAPS,),
            id="it exists, and is being deleted",
        ),
        pytest.param(
            answered(422, "Invalid", 'ConfigMap "c" is invalid: metadata.uid: no', name="c", causes=[BY_UID]),
            *(CONFIG_MAPS,),
            id="another UID",
        ),
    ],
)
def test_the_api_server_says_that_somebody_was_faster(error: ApiError, resource: Resource):
    assert is_overtaken(error, resource, "c")
    assert not error.is_denial
    assert not any(uid in error.message for uid in UIDS)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(answered(409, "Conflict", f"{GUARD}: not now"), id="a webhook"),
        pytest.param(answered(409, "Conflict", f"{GUARD}: {MODIFIED}", name="c", kind="configmaps"), id="in our words"),
        pytest.param(
            answered(409, "Conflict", f'{GUARD}: Operation cannot be fulfilled on configmaps "c": {MODIFIED}'),
            id="in all of our words",
        ),
        pytest.param(answered(409, "AlreadyExists", f'{GUARD}: configmaps "c" already exists'), id="it exists"),
        pytest.param(answered(422, "Invalid", f"{GUARD}: no", causes=[BY_UID]), id="a webhook, with causes of ours"),
        pytest.param(refused(MODIFIED, on="resourcequotas", name="q"), id="a quota"),
        pytest.param(refused(MODIFIED, on="resourcequotas"), id="a quota of the same name"),
        pytest.param(refused(MODIFIED, name="d"), id="another object"),
        pytest.param(refused("the node is being drained"), id="for another reason"),
        pytest.param(answered(409, "AlreadyExists", 'configmaps "d" already exists'), id="another exists"),
        pytest.param(answered(409, "Conflict", "Apply failed with 1 conflict", causes=[HELD]), id="a field manager"),
        pytest.param(answered(409, "Conflict", "no"), id="anything"),
        pytest.param(answered(422, "Invalid", 'ConfigMap "c" is invalid: metadata.name: no'), id="an invalid object"),
        pytest.param(answered(404, "NotFound", 'configmaps "c" not found', name="c"), id="it is gone"),
        pytest.param(from_response(code=409, retry_after=None, body=b"<html>"), id="a proxy"),
    ],
)
def test_nobody_else_says_so(error: ApiError):
    assert not is_overtaken(error, CONFIG_MAPS, "c")


@pytest.mark.parametrize(
    ("error", "locked"),
    [
        (refused(MODIFIED), True),
        (refused(MODIFIED, on="resourcequotas", name="q"), True),
        (refused("the node is being drained"), False),
        (answered(409, "Conflict", f"{GUARD}: {MODIFIED}"), False),
        (answered(500, "InternalError", f'Operation cannot be fulfilled on configmaps "c": {MODIFIED}'), False),
    ],
    ids=["the object", "a quota", "another reason", "a webhook", "another code"],
)
def test_what_was_changed_meanwhile_may_be_tried_again_at_once(error: ApiError, locked: bool):
    assert is_optimistic_lock(error) is locked


@pytest.mark.parametrize(
    ("error", "held"),
    [
        (answered(409, "Conflict", "Apply failed with 1 conflict", causes=[HELD]), True),
        (answered(409, "Conflict", f"{GUARD}: no", causes=[HELD]), False),
        (answered(422, "Invalid", "no", causes=[HELD]), False),
        (refused(MODIFIED), False),
    ],
    ids=["another manager", "a webhook with such causes", "another code", "a change"],
)
def test_fields_are_held_where_the_api_server_says_so(error: ApiError, held: bool):
    assert is_field_conflict(error) is held


def test_an_object_is_not_gone_because_a_webhook_says_so():
    assert is_missing(answered(404, "NotFound", 'configmaps "c" not found', name="c"), "c")
    assert not is_missing(answered(404, "NotFound", f"{GUARD}: no", name="c"), "c")


@pytest.mark.parametrize(
    ("message", "denial"),
    [
        (f"{GUARD}: no", True),
        (f"{GUARD} without explanation", True),
        ("configmaps \"c\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", True),
        ('Internal error occurred: failed calling webhook "guard.example.com": EOF', False),
        ('configmaps "c" is forbidden: exceeded quota: q', False),
        ('configmaps "c" is forbidden: User "u" cannot patch resource "configmaps" in API group ""', False),
    ],
)
def test_who_denies_is_told_by_the_words_and_not_by_the_code(message: str, denial: bool):
    assert [answered(code, "X", message).is_denial for code in (400, 403, 409, 422, 503)] == [denial] * 5
