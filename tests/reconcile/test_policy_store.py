"""What is known of TrustPolicies, and what each covers: also of one that cannot be read."""

from typing import Any

import pytest

from pattern_operator.api.reference import Repository
from pattern_operator.api.verification import PolicyMode, PolicySource
from pattern_operator.reconcile.policy_store import KnownPolicy, PolicyKey, PolicyStore

WEB, OTHER = Repository("registry.example", "patterns/web"), Repository("other.example", "web")
KEY = {"data": "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"}


def body(name: str = "release", *, generation: int = 1, url: object = "oci://registry.example/**", **spec: Any) -> Any:
    """A TrustPolicy as the API server sends it."""
    match = spec.pop("match", [{"url": url}])
    authorities = spec.pop("authorities", [{"name": "release-team", "key": KEY}])
    metadata = {"name": name, "uid": f"uid-{name}", "generation": generation, "managedFields": []}
    return {"metadata": metadata, "spec": {"match": match, "authorities": authorities, **spec}}


def policy(*args: Any, **fields: Any) -> KnownPolicy:
    return KnownPolicy.of(body(*args, **fields))


def test_what_a_policy_does_when_it_is_not_met_is_in_its_source():
    strict = policy(generation=3)
    lax = policy(mode="Warn", onFailure="Prune", allowDowngrade=True)

    assert strict.source == PolicySource(name="release", version="uid-release/3", allow_downgrade=False)
    assert lax.source == PolicySource(
        name="release", version="uid-release/1", mode=PolicyMode.WARN, prune=True, allow_downgrade=True
    )


def test_any_entry_that_fits_covers():
    both = policy(match=[{"url": "oci://other.example/**"}, {"url": "oci://registry.example/**"}])

    assert both.covers(WEB, {})
    assert both.covers(OTHER, {})
    assert not both.covers(Repository("third.example", "web"), {})


def test_an_entry_fits_by_its_url_and_by_the_labels_of_the_namespace():
    selector = {"matchLabels": {"env": "prod"}}
    selecting = policy(match=[{"url": "oci://registry.example/**", "namespaceSelector": selector}])

    assert selecting.covers(WEB, {"env": "prod"})
    assert not selecting.covers(WEB, {"env": "test"})
    assert not selecting.covers(OTHER, {"env": "prod"})
    assert selecting.asks_for_labels
    assert not policy().asks_for_labels


@pytest.mark.parametrize(
    "broken",
    [
        body(mode="Audit"),
        body(notBefore="2026"),
        body(threshold="1"),
        body(authorities=[]),
        body(authorities=[{"name": "a", "key": {**KEY, "hsm": True}}]),
    ],
    ids=["mode", "unknown field", "type", "nobody", "unknown field of a key"],
)
def test_a_policy_that_cannot_be_read_covers_what_it_says_and_enforces(broken: Any):
    found = KnownPolicy.of(broken)

    assert found.spec is None
    assert found.broken
    assert (found.covers(WEB, {}), found.covers(OTHER, {})) == (True, False)
    assert (found.source.mode, found.source.prune, found.source.allow_downgrade) == (PolicyMode.ENFORCE, False, False)


@pytest.mark.parametrize(
    "broken",
    [
        body(match=[]),
        body(url=7),
        body(url="registry.example/**"),
        body(url="oci://registry.example/***"),
        body(match=[{"url": "oci://registry.example/**", "namespaceSelector": {"matchFields": {}}}]),
        {"metadata": {"name": "release"}, "spec": 1},
        {"metadata": {"name": "release"}},
    ],
    ids=["no match", "no text", "no url", "three stars", "unknown selector", "spec of another shape", "no spec"],
)
def test_a_policy_of_which_not_even_that_can_be_read_covers_everything(broken: Any):
    found = KnownPolicy.of(broken)

    assert found.spec is None
    assert found.covers(WEB, {})
    assert found.covers(OTHER, {})


def test_the_store_knows_what_changed_and_what_only_its_status_is():
    store = PolicyStore()
    with_status = {**body(), "status": {"patterns": {"covered": 3}}}

    changes = [
        store.take(policy()),
        store.take(policy()),
        store.take(KnownPolicy.of(with_status)),
        store.take(policy(generation=2)),
        store.take(KnownPolicy.of(body(mode="Audit", generation=2))),
    ]

    assert changes == [True, False, False, True, True]


def test_policies_are_told_by_name_and_forgotten():
    store = PolicyStore()
    for name in ("b", "a", "c"):
        store.take(policy(name, url="oci://other.example/**" if name == "c" else "oci://registry.example/**"))

    assert [each.key.name for each in store.covering(WEB, {})] == ["a", "b"]
    assert store.globs == 3
    store.take(policy("c", generation=2, match=[{"url": "oci://a/**"}, {"url": "oci://b/**"}]))
    assert store.globs == 4
    assert store.forget(PolicyKey("a")) is not None
    assert store.forget(PolicyKey("a")) is None
    assert store.globs == 3
    assert [each.key.name for each in store] == ["b", "c"]


def test_a_policy_is_named_with_its_kind():
    assert str(PolicyKey("release")) == "TrustPolicy release"


def test_a_policy_without_a_generation_is_the_first_one():
    without = body("release")
    del without["metadata"]["generation"]

    assert KnownPolicy.of(without).source.version.endswith("/0")
