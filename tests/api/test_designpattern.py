"""The kind as a value: read from what the API server sends, written back without what says nothing."""

from typing import Any

import msgspec
import pytest

from pattern_operator.api.designpattern import decode
from pattern_operator.api.status import InventoryEntry, Status, VerifiedBy

SPEC: dict[str, Any] = {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.4.2"}}}
MINIMAL: dict[str, Any] = {
    "apiVersion": "pattern-operator.io/v1alpha1",
    "kind": "DesignPattern",
    "metadata": {"name": "web", "namespace": "shop", "uid": "8f1c", "generation": 3},
    "spec": SPEC,
}


def test_the_shortest_resource_is_read_with_the_defaults():
    found = decode(MINIMAL)

    assert (found.metadata.name, found.metadata.namespace, found.metadata.generation) == ("web", "shop", 3)
    assert found.spec.source.ref.tag == "1.4.2"
    assert (found.spec.interval, found.spec.retry_interval, found.spec.timeout) == ("5m", "2m", "5m")
    assert (found.spec.render.format, found.spec.render.on_invalid) == ("Auto", "Refuse")
    assert (found.spec.apply.prune, found.spec.apply.conflicts, found.spec.apply.wait) == (True, "Fail", True)
    assert found.spec.verify is None
    assert found.status == Status()


def test_every_section_is_read():
    spec = {
        "source": {
            "url": "oci://registry.example/web",
            "ref": {"semver": ">=1", "semverFilter": "^v"},
            "secretRef": {"name": "login"},
            "insecure": True,
            "layer": {"mediaType": "application/yaml", "path": "web"},
        },
        "suspend": True,
        "verify": {"authorities": [{"key": {"secretRef": {"name": "release"}}}, {"name": "b", "key": {"data": "PEM"}}]},
        "render": {"format": "Manifests", "targetNamespace": "shop", "onInvalid": "Skip"},
        "apply": {"serviceAccountName": "applier", "driftPolicy": "Report", "deletionPolicy": "Orphan"},
        "rollout": {"historyLimit": 0},
    }

    found = decode(MINIMAL | {"spec": spec})

    assert found.spec.source.ref.semver_filter == "^v"
    assert found.spec.source.layer is not None
    assert found.spec.verify is not None
    first = found.spec.verify.authorities[0]
    assert first.key is not None
    assert found.spec.source.layer.media_type == "application/yaml"
    assert [authority.name for authority in found.spec.verify.authorities] == [None, "b"]
    assert first.key.secret_ref is not None
    assert first.key.secret_ref.key == "cosign.pub"
    assert found.spec.apply.service_account_name == "applier"
    assert found.spec.rollout.history_limit == 0
    assert msgspec.to_builtins(found.spec.source) == spec["source"]


def test_the_parts_of_metadata_that_nobody_reads_are_passed_over():
    metadata = MINIMAL["metadata"] | {"managedFields": [{"manager": "kubectl"}], "selfLink": "x"}

    assert decode(MINIMAL | {"metadata": metadata}) == decode(MINIMAL)


def test_a_resource_of_a_newer_crd_is_read_as_far_as_it_is_known():
    spec = SPEC | {"parameters": {"replicas": 3}}

    assert decode(MINIMAL | {"spec": spec, "status": {"candidate": "2.0.0"}}) == decode(MINIMAL)


def test_parameters_are_kept_as_one_text_whatever_the_order_of_their_names():
    one = {**SPEC, "render": {"parameters": {"b": [1, None], "a": {"y": "\u00e9", "x": 0.5}}}}
    other = {**SPEC, "render": {"parameters": {"a": {"x": 0.5, "y": "\u00e9"}, "b": [1, None]}}}

    assert decode(MINIMAL | {"spec": one}) == decode(MINIMAL | {"spec": other})
    assert decode(MINIMAL | {"spec": one}).spec.render.parameters == '{"a":{"x":0.5,"y":"\u00e9"},"b":[1,null]}'


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ({}, "source"),
        ({"source": {"url": "oci://r/web"}}, "ref"),
        ({"source": {"url": "oci://r/web", "ref": {"tag": 1}}}, "$.spec.source.ref.tag"),
        ({**SPEC, "render": {"format": "Jsonnet"}}, "$.spec.render.format"),
        ({**SPEC, "render": {"parameters": "{}"}}, "$.spec.render.parameters"),
        ({**SPEC, "render": {"parameters": {"n": 2**70}}}, "$.spec.render.parameters"),
        ({**SPEC, "render": {"valuesFrom": [{"kind": "Pod", "name": "a"}]}}, "$.spec.render.valuesFrom"),
        ({**SPEC, "apply": {"prune": "yes"}}, "$.spec.apply.prune"),
        ({**SPEC, "rollout": {"historyLimit": 11}}, "$.spec.rollout.historyLimit"),
        ({**SPEC, "verify": {"authorities": []}}, "$.spec.verify.authorities"),
        ({**SPEC, "interval": ""}, "$.spec.interval"),
    ],
)
def test_what_the_crd_would_refuse_is_refused_with_the_place(spec, where):
    with pytest.raises(msgspec.ValidationError) as refusal:
        decode(MINIMAL | {"spec": spec})

    assert where in str(refusal.value)


def test_a_status_is_written_as_users_read_it_and_without_what_says_nothing():
    status = Status(
        observed_generation=3,
        short_digest="0a1b2c3d4e5f",
        verified_by=(VerifiedBy(authority="release", format="bundle", where="referrer"),),
    )

    written = msgspec.to_builtins(status)

    assert written == {
        "observedGeneration": 3,
        "shortDigest": "0a1b2c3d4e5f",
        "verifiedBy": ({"authority": "release", "format": "bundle", "where": "referrer"},),
        "inventory": {},
    }
    assert msgspec.convert(written, Status) == status


def test_a_pattern_can_not_be_changed_by_who_holds_it():
    entry = InventoryEntry(id="shop_web__Service", v="v1")

    with pytest.raises(AttributeError):
        entry.id = "other"  # type: ignore[misc]  # that it raises is what is tested
    with pytest.raises(AttributeError):
        decode(MINIMAL).spec.suspend = True  # type: ignore[misc]  # as above
