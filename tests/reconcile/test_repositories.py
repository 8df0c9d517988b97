"""What a pattern wants of others is bounded where it is read, and is checked in a thread only if there is anything."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import structs
from tests.executors import EXECUTORS
from tests.reconcile.pattern import REVISION, pattern
from tests.verify.signing import ALICE

from pattern_operator.api.authority_spec import Attestation
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reference import Reference, Repository, Revision
from pattern_operator.api.trust_policy import PatternCounts
from pattern_operator.api.verification import PolicySource, Requirement, TrustedAuthority, Unsigned, VerificationPolicy
from pattern_operator.errors import Stalled, Untrusted
from pattern_operator.executors import Executors
from pattern_operator.limits import MAX_PUBLIC_KEY
from pattern_operator.reconcile import repositories as module
from pattern_operator.reconcile.desired import desired_state
from pattern_operator.reconcile.pattern_store import key_of
from pattern_operator.reconcile.policies import Policies
from pattern_operator.reconcile.policy_store import KnownPolicy
from pattern_operator.reconcile.repositories import Repositories
from pattern_operator.reconcile.verdicts import Verdicts
from pattern_operator.source import FetchedSignatures
from pattern_operator.verify.key import load

WEB = Repository("registry.example", "web")
RELEASE, TRIAL = (Requirement(source=PolicySource(name=name), authorities=()) for name in ("release", "trial"))
BOTH = VerificationPolicy((RELEASE, TRIAL))


class NoPolicies:
    """A cluster without a TrustPolicy."""

    async def covering(self, _: DesignPattern, __: Repository) -> tuple[KnownPolicy, ...]:
        return ()


def repositories(executors: Executors | None) -> Any:
    holding: Any = Holding()
    policies = Policies(holding, NoPolicies(), namespace="system", unsigned=Unsigned.ALLOW)
    verdicts = Verdicts(on_change=lambda: None)
    stand_ins: Any = {"registries": None, "sandbox": None, "executors": executors}
    return Repositories(config_sources=holding, policies=policies, verdicts=verdicts, **stand_ins)


class Holding:
    """A ConfigMap of 1 MiB, whatever is asked for."""

    def __init__(self) -> None:
        self.forgotten: list[object] = []

    async def read(self, *_: Any, **__: Any) -> dict[str, bytes]:
        return {"cosign.pub": b"x" * 2**20}

    def forget(self, reader: object) -> None:
        self.forgotten.append(reader)


async def test_of_what_is_too_long_for_a_key_no_more_is_kept_than_shows_that():
    spec = {"verify": {"authorities": [{"key": {"configMapRef": {"name": "k"}}}]}}

    asked = repositories(None)

    found = await asked.policy(pattern(spec=spec), WEB)

    (authority,) = found.requirements[0].authorities
    assert len(authority.content("key")) == MAX_PUBLIC_KEY + 1
    with pytest.raises(Stalled, match=f"more than {MAX_PUBLIC_KEY} bytes"):
        load(authority.content("key"), name="k")


async def test_a_pattern_that_asks_for_no_signature_waits_for_no_thread():
    with Executors.open() as executors:
        asked = repositories(executors)
        executors.cpu.shutdown()  # whoever needs a thread of it fails

        unsigned = pattern()
        desired = desired_state(unsigned, REVISION, await asked.policy(unsigned, WEB))
        found = await asked.check(unsigned, desired, FetchedSignatures())

        signed = replace(desired, policy=VerificationPolicy.of(TrustedAuthority.of_key(name="k", pem=b"no key")))
        with pytest.raises(RuntimeError, match="threads for cpu are ended"):
            await asked.check(unsigned, signed, FetchedSignatures())

    assert not found.required


async def test_what_waits_for_conditions_is_not_in_the_way_of_what_has_none():
    """Two namespaces whose conditions compute for long would hold both threads that verify."""
    with Executors.open() as executors:
        asked, asking = repositories(executors), pattern()
        desired = desired_state(asking, REVISION, VerificationPolicy())
        plain = TrustedAuthority.of_key(name="k", pem=ALICE.pem)
        attestation = Attestation(name="scan", predicate_type="https://example.org/scan", condition="true")
        conditional = replace(plain, spec=structs.replace(plain.spec, attestations=(attestation,)))
        executors.conditions.shutdown()

        with pytest.raises(Untrusted):
            await asked.check(asking, replace(desired, policy=VerificationPolicy.of(plain)), FetchedSignatures())
        with pytest.raises(RuntimeError, match="threads for conditions are ended"):
            await asked.check(asking, replace(desired, policy=VerificationPolicy.of(conditional)), FetchedSignatures())


@pytest.mark.parametrize("tag", ["1.0.0", ""])
async def test_a_manifest_is_asked_for_by_its_digest_and_named_by_its_tag(tag: str, monkeypatch: pytest.MonkeyPatch):
    asked: list[Reference] = []

    async def fetch_manifest(reference: Reference, *_: Any, **__: Any) -> None:
        asked.append(reference)

    async def opened(*_: Any, **__: Any) -> None:
        return

    monkeypatch.setattr(module, "fetch_manifest", fetch_manifest)
    monkeypatch.setattr(Repositories, "_open", opened)
    asking = replace(repositories(None), registries=SimpleNamespace(cache=None))
    desired = desired_state(pattern(), Revision(tag, REVISION.digest), VerificationPolicy())

    await asking.manifest(pattern(), desired, waits=None)

    assert [(each.tag, each.digest) for each in asked] == [(tag or None, REVISION.digest)]


def test_what_was_found_of_an_artifact_counts_for_the_policies():
    asked = repositories(None)

    asked.note_verdict(pattern(), BOTH, met=("release",), unmet=("trial",))

    covered = [key_of(pattern())]
    assert asked.verdicts.count(RELEASE, covered) == PatternCounts(covered=1, passing=1, failing=0)
    assert asked.verdicts.count(TRIAL, covered) == PatternCounts(covered=1, passing=0, failing=1)


def test_of_a_pattern_that_is_gone_nothing_counts():
    asked, key = repositories(None), key_of(pattern())
    asked.note_verdict(pattern(), BOTH, met=("release",), unmet=())

    asked.forget(key)

    assert asked.config_sources.forgotten == [key]
    assert asked.verdicts.count(RELEASE, [key]) == PatternCounts(covered=1, passing=0, failing=0)


class OneSecret(Holding):
    """A Secret with one value."""

    async def read(self, *_: Any, **__: Any) -> dict[str, bytes]:
        return {"values.yaml": b"p: zq7Kvmw3"}


async def test_what_a_pattern_is_rendered_with_is_masked_until_it_is_gone():
    sources: Any = OneSecret()
    asked = replace(repositories(EXECUTORS), config_sources=sources)
    taking = pattern(spec={"render": {"valuesFrom": [{"kind": "Secret", "name": "pw"}]}})
    key = key_of(taking)

    assert await asked.parameters(taking, account=None) == b'{"p":"zq7Kvmw3"}'
    assert asked.secrets.of(str(key)).text("data.zq7Kvmw3") == "data.***"

    asked.forget(key)

    assert asked.secrets.of(str(key)).text("data.zq7Kvmw3") == "data.zq7Kvmw3"
