"""What the API server answers with 409, and what others answer with it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pytest

from pattern_operator.kube import ApiError, Resource
from pattern_operator.kube.conflict import is_field_conflict, is_optimistic_lock, is_overtaken
from pattern_operator.kube.errors import from_response
from pattern_operator.kube.kind_existence import is_missing

Answer = Callable[[], ApiError]  # what it is made of is read in the test
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


def answering(*given: Any, **details: Any) -> Answer:
    return partial(answered, *given, **details)


def refusing(why: str, **of: Any) -> Answer:
    return partial(refused, why, **of)


@pytest.mark.parametrize(
    ("answer", "resource"),
    [
        pytest.param(refusing(MODIFIED), CONFIG_MAPS, id="another resourceVersion"),
        pytest.param(refusing(MODIFIED, on="deployments.apps"), DEPLOYMENTS, id="of a group"),
        pytest.param(refusing(NO_OBJECT), CONFIG_MAPS, id="a UID, and no object"),
        pytest.param(refusing(RECREATED, on="ConfigMap"), CONFIG_MAPS, id="a deletion of another UID"),
        pytest.param(refusing(RECREATED, on="Deployment.apps"), DEPLOYMENTS, id="a deletion in a group"),
        pytest.param(refusing(VERSION, on="ConfigMap"), CONFIG_MAPS, id="a deletion of another version"),
        pytest.param(refusing(STORAGE), CONFIG_MAPS, id="it went while it was written"),
        pytest.param(
            answering(409, "AlreadyExists", 'configmaps "c" already exists', name="c"),
            CONFIG_MAPS,
            id="it exists",
        ),
        pytest.param(
            answering(409, "AlreadyExists", 'object is being deleted: configmaps "c" already exists', name="c"),
            *(CONFIG_MAPS,),
            id="it exists, and is being deleted",
        ),
        pytest.param(
            answering(422, "Invalid", 'ConfigMap "c" is invalid: metadata.uid: no', name="c", causes=[BY_UID]),
            *(CONFIG_MAPS,),
            id="another UID",
        ),
    ],
)
def test_the_api_server_says_that_somebody_was_faster(answer: Answer, resource: Resource):
    error = answer()

    assert is_overtaken(error, resource, "c")
    assert not error.is_denial
    assert not any(uid in error.message for uid in UIDS)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(answering(409, "Conflict", f"{GUARD}: not now"), id="a webhook"),
        pytest.param(
            answering(409, "Conflict", f"{GUARD}: {MODIFIED}", name="c", kind="configmaps"), id="in our words"
        ),
        pytest.param(
            answering(409, "Conflict", f'{GUARD}: Operation cannot be fulfilled on configmaps "c": {MODIFIED}'),
            id="in all of our words",
        ),
        pytest.param(answering(409, "AlreadyExists", f'{GUARD}: configmaps "c" already exists'), id="it exists"),
        pytest.param(answering(422, "Invalid", f"{GUARD}: no", causes=[BY_UID]), id="a webhook, with causes of ours"),
        pytest.param(refusing(MODIFIED, on="resourcequotas", name="q"), id="a quota"),
        pytest.param(refusing(MODIFIED, on="resourcequotas"), id="a quota of the same name"),
        pytest.param(refusing(MODIFIED, name="d"), id="another object"),
        pytest.param(refusing("the node is being drained"), id="for another reason"),
        pytest.param(answering(409, "AlreadyExists", 'configmaps "d" already exists'), id="another exists"),
        pytest.param(answering(409, "Conflict", "Apply failed with 1 conflict", causes=[HELD]), id="a field manager"),
        pytest.param(answering(409, "Conflict", "no"), id="anything"),
        pytest.param(answering(422, "Invalid", 'ConfigMap "c" is invalid: metadata.name: no'), id="an invalid object"),
        pytest.param(answering(404, "NotFound", 'configmaps "c" not found', name="c"), id="it is gone"),
        pytest.param(partial(from_response, code=409, retry_after=None, body=b"<html>"), id="a proxy"),
    ],
)
def test_nobody_else_says_so(answer: Answer):
    assert not is_overtaken(answer(), CONFIG_MAPS, "c")


@pytest.mark.parametrize(
    ("answer", "locked"),
    [
        (refusing(MODIFIED), True),
        (refusing(MODIFIED, on="resourcequotas", name="q"), True),
        (refusing("the node is being drained"), False),
        (answering(409, "Conflict", f"{GUARD}: {MODIFIED}"), False),
        (
            answering(500, "InternalError", f'Operation cannot be fulfilled on configmaps "c": {MODIFIED}'),
            False,
        ),
    ],
    ids=["the object", "a quota", "another reason", "a webhook", "another code"],
)
def test_what_was_changed_meanwhile_may_be_tried_again_at_once(answer: Answer, locked: bool):
    assert is_optimistic_lock(answer()) is locked


@pytest.mark.parametrize(
    ("answer", "held"),
    [
        (answering(409, "Conflict", "Apply failed with 1 conflict", causes=[HELD]), True),
        (answering(409, "Conflict", f"{GUARD}: no", causes=[HELD]), False),
        (answering(422, "Invalid", "no", causes=[HELD]), False),
        (refusing(MODIFIED), False),
    ],
    ids=["another manager", "a webhook with such causes", "another code", "a change"],
)
def test_fields_are_held_where_the_api_server_says_so(answer: Answer, held: bool):
    assert is_field_conflict(answer()) is held


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
