"""An answer to an apply says what was stored: whether it is the object that was meant, and the pattern's own."""

from typing import Any

import pytest

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.apply_answer import NOT_TRACKED, UnexpectedAnswer, check_answer, note_of

KEY, CLUSTER_WIDE = ObjectKey("", "ConfigMap", "team", "c"), ObjectKey("", "Namespace", "", "team")
OURS = {"manager": "pattern-operator", "operation": "Apply", "fieldsV1": {"f:data": {}}}


def body(**metadata: Any) -> dict[str, Any]:
    known = {"name": "c", "namespace": "team", "uid": "u", "labels": {"pattern-operator.io/owner": "web"}}
    return {"metadata": {**known, "managedFields": [OURS], **metadata}}


@pytest.mark.parametrize(
    ("answer", "key", "uid"),
    [
        pytest.param(body(), KEY, "u", id="the object that was looked at"),
        pytest.param(body(), KEY, "", id="a new object"),
        pytest.param(body(name="team", namespace=None), CLUSTER_WIDE, "u", id="without a namespace"),
    ],
)
def test_an_answer_about_the_object_with_our_label_is_what_was_asked_for(answer: Any, key: ObjectKey, uid: str):
    check_answer(answer, key=key, uid=uid, owner="web")


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        pytest.param(body(labels={}), Reason.OWNER_LABEL_REMOVED, "stored without the label", id="no label"),
        pytest.param(body(labels=None), Reason.OWNER_LABEL_REMOVED, "stored without the label", id="no labels"),
        pytest.param(
            body(labels={"pattern-operator.io/owner": "shop"}),
            Reason.OWNER_LABEL_REMOVED,
            "with another value of the label pattern-operator.io/owner",
            id="another value",
        ),
        pytest.param(body(name="d"), Reason.APPLY_FAILED, "another object (team/d)", id="another name"),
        pytest.param(body(namespace="shop"), Reason.APPLY_FAILED, "another object (shop/c)", id="another namespace"),
        pytest.param(body(namespace=""), Reason.APPLY_FAILED, "another object (c)", id="no namespace"),
        pytest.param(body(name=None, namespace=None), Reason.APPLY_FAILED, "without a name", id="no name"),
        pytest.param(body(name="x\nReady"), Reason.APPLY_FAILED, "another object (team/x Ready)", id="two lines"),
        pytest.param(body(uid="v"), Reason.APPLY_FAILED, "of the same name", id="another UID"),
        pytest.param({}, Reason.APPLY_FAILED, "without a name", id="nothing"),
        pytest.param([], Reason.APPLY_FAILED, "without a name", id="no object"),
    ],
)
def test_an_answer_about_anything_else_is_a_failure_in_words(answer: Any, reason: Reason, words: str):
    with pytest.raises(UnexpectedAnswer) as failed:
        check_answer(answer, key=KEY, uid="u", owner="web")

    assert failed.value.reason is reason
    assert words in str(failed.value)


@pytest.mark.parametrize(
    ("managers", "note"),
    [
        ([OURS], ""),
        ([{**OURS, "manager": "kubectl"}, OURS], ""),
        ([], NOT_TRACKED),
        (None, NOT_TRACKED),
        ([{}], NOT_TRACKED),
        ([{**OURS, "operation": "Update"}], NOT_TRACKED),
    ],
)
def test_it_is_told_where_nothing_says_which_fields_are_ours(managers: Any, note: str):
    assert note_of(body(managedFields=managers)) == note
