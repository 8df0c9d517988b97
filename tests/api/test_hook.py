"""A hook is what Helm's own code takes for one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.foreign_bodies import bodies

from pattern_operator.api.hook import DeletePolicy, Hook, HookEvent, Misread, is_hook, misread, with_hook_of
from pattern_operator.api.object import Object

BEFORE = DeletePolicy.BEFORE_HOOK_CREATION


def job(**annotations: Any) -> Object:
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "seed", "annotations": annotations}}
    return Object.of(body)


@pytest.mark.parametrize(
    ("value", "events"),
    [
        ("pre-install", (HookEvent.PRE_INSTALL,)),
        ("pre-install,pre-upgrade", (HookEvent.PRE_INSTALL, HookEvent.PRE_UPGRADE)),
        (" Post-Install , TEST ", (HookEvent.POST_INSTALL, HookEvent.TEST)),
        ("test-success,test", (HookEvent.TEST,)),
        ("post-delete,post-delete", (HookEvent.POST_DELETE,)),
        ("pre-rollback", (HookEvent.PRE_ROLLBACK,)),
    ],
)
def test_the_events_are_read_as_helm_reads_them(value: str, events: tuple[HookEvent, ...]):
    hook = Hook.of(job(**{"helm.sh/hook": value}))

    assert hook is not None
    assert (hook.events, hook.weight, hook.delete_policies) == (events, 0, (BEFORE,))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "crd-install",
        "test-failure",
        "preinstall",
        "pre-install,nonsense",
        "pre-install,",
        "pre-install," * 64 + "pre-install",
        None,
        7,
        ["pre-install"],
    ],
)
def test_an_event_that_helm_does_not_know_makes_it_no_hook_and_no_ordinary_object(value: object):
    object_ = job(**{"helm.sh/hook": value})

    assert Hook.of(object_) is None
    assert is_hook(object_.body)


@pytest.mark.parametrize("annotations", [{}, {"helm.sh/hook-weight": "1"}, {"example.com/hook": "pre-install"}])
def test_an_object_without_the_annotation_is_no_hook(annotations: dict[str, str]):
    object_ = job(**annotations)

    assert Hook.of(object_) is None
    assert not is_hook(object_.body)


@pytest.mark.parametrize(
    ("value", "weight"),
    [
        ("5", 5),
        ("-5", -5),
        ("+5", 5),
        ("007", 7),
        ("", 0),
        (" 5", 0),
        ("5.0", 0),
        ("1_000", 0),
        ("0x10", 0),
        ("٣", 0),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", 0),
        ("9" * 5000, 0),
        ("5\n", 0),
        (5, 0),
        (None, 0),
    ],
)
def test_a_weight_that_is_not_a_number_is_zero(value: object, weight: int):
    hook = Hook.of(job(**{"helm.sh/hook": "test", "helm.sh/hook-weight": value}))

    assert hook is not None
    assert hook.weight == weight


@pytest.mark.parametrize(
    ("value", "policies"),
    [
        ("hook-succeeded", (DeletePolicy.HOOK_SUCCEEDED,)),
        ("Hook-Succeeded , before-hook-creation", (DeletePolicy.HOOK_SUCCEEDED, BEFORE)),
        ("hook-failed,hook-failed", (DeletePolicy.HOOK_FAILED,)),
        ("never", ()),
        ("", ()),
        (7, ()),
    ],
)
def test_a_list_of_policies_counts_as_it_is_written(value: object, policies: tuple[DeletePolicy, ...]):
    hook = Hook.of(job(**{"helm.sh/hook": "test", "helm.sh/hook-delete-policy": value}))

    assert hook is not None
    assert hook.delete_policies == policies


@given(bodies())
def test_no_body_makes_it_raise(body: object):
    is_hook(body)


@given(st.dictionaries(st.sampled_from(["helm.sh/hook", "helm.sh/hook-weight"]), st.text() | st.none() | st.integers()))
def test_no_annotation_makes_it_raise(annotations: dict[str, Any]):
    Hook.of(job(**annotations))


def test_an_entry_of_a_list_is_a_hook_as_its_list_says():
    listed = {"metadata": {"annotations": {"helm.sh/hook": "pre-delete", "helm.sh/hook-weight": "3", "a": "b"}}}
    item = job(**{"helm.sh/hook": "pre-install", "helm.sh/hook-delete-policy": "hook-failed", "c": "d"}).body

    found = with_hook_of(listed, item)

    assert found["metadata"] == {
        "name": "seed",
        "annotations": {"c": "d", "helm.sh/hook": "pre-delete", "helm.sh/hook-weight": "3"},
    }


def test_an_entry_of_a_list_that_is_no_hook_stays_as_it_is():
    item = job(**{"helm.sh/hook": "pre-install"}).body

    assert with_hook_of({"metadata": {"annotations": {"a": "b"}}}, item) is item
    assert with_hook_of({}, item) is item


@pytest.mark.parametrize(
    ("annotations", "found"),
    [
        ({"helm.sh/hook": "pre-install, POST-upgrade"}, ()),
        ({"helm.sh/hook": "test-success"}, ()),
        ({"helm.sh/hook": "pre-install, pre-upgrde"}, (Misread("helm.sh/hook", "pre-upgrade"),)),
        ({"helm.sh/hook": ""}, (Misread("helm.sh/hook", ""),)),
        ({"helm.sh/hook-weight": "-5"}, ()),
        ({"helm.sh/hook-weight": "1.5"}, (Misread("helm.sh/hook-weight", ""),)),
        ({"helm.sh/hook-delete-policy": "hook-failed,hook-succeeded,"}, ()),
        ({"helm.sh/hook-delete-policy": "after-hook"}, (Misread("helm.sh/hook-delete-policy", ""),)),
        ({"other": "pre-fly"}, ()),
    ],
)
def test_what_helm_ignores_is_found_and_nothing_else(annotations: dict[str, str], found: tuple[Misread, ...]):
    assert misread(annotations) == found
