"""What refers to an artifact is listed by what it calls itself, wherever the registry keeps it."""

import pytest
from tests.source.fake_registry import BUNDLE, COSIGN, INDEX, OCI, FakeRegistry, client, index

from pattern_operator.api.artifact import SIGNATURE_PREDICATE
from pattern_operator.api.reason import Reason
from pattern_operator.limits import MAX_REFERRERS
from pattern_operator.source import Attached, AttachedKind, list_attached
from pattern_operator.source.signatures.formats import DSSE_ENVELOPE, IN_TOTO, NOTATION, PREDICATE_HINT

PROVENANCE = "https://slsa.dev/provenance/v1"


def entry(number: int, artifact_type: str, predicate: str = "") -> dict[str, object]:
    annotations = {"annotations": {PREDICATE_HINT: predicate}} if predicate else {}
    digest = f"sha256:{number:064x}"
    return {"mediaType": OCI, "digest": digest, "size": number, "artifactType": artifact_type, **annotations}


@pytest.mark.parametrize(
    ("artifact_type", "predicate", "kind", "told"),
    [
        (BUNDLE, SIGNATURE_PREDICATE, AttachedKind.SIGNATURE, ""),
        (BUNDLE, "", AttachedKind.SIGNATURE, ""),
        (BUNDLE, PROVENANCE, AttachedKind.ATTESTATION, PROVENANCE),
        (COSIGN, "", AttachedKind.SIGNATURE, ""),
        (NOTATION, "", AttachedKind.SIGNATURE, ""),
        (IN_TOTO, "", AttachedKind.ATTESTATION, ""),
        (DSSE_ENVELOPE, "", AttachedKind.ATTESTATION, ""),
        ("application/spdx+json", "", AttachedKind.SBOM, ""),
        ("application/vnd.cyclonedx+json", "", AttachedKind.SBOM, ""),
        ("application/vnd.example.report", "", AttachedKind.OTHER, ""),
        ("application/vnd.example.report", PROVENANCE, AttachedKind.OTHER, PROVENANCE),
    ],
)
async def test_the_kind_of_a_referrer_is_what_it_calls_itself(
    fake_registry: FakeRegistry, network, artifact_type, predicate, kind, told
):
    digest = fake_registry.manifest([])
    fake_registry.referrers = [entry(7, artifact_type, predicate)]

    found = await list_attached(digest, registry=client(fake_registry, network))

    assert found.entries == (Attached(kind, artifact_type, f"referrer sha256:{7:064x}", 7, told),)
    assert (found.failures, found.more) == ((), 0)


async def test_where_nothing_refers_to_it_nothing_is_listed(fake_registry: FakeRegistry, network):
    digest = fake_registry.manifest([])

    found = await list_attached(digest, registry=client(fake_registry, network))

    assert (found.entries, found.failures, found.more) == ((), (), 0)


@pytest.mark.parametrize("status", [404, 405, 400, 500])
async def test_without_the_api_the_fallback_tag_is_read(fake_registry: FakeRegistry, network, status):
    digest = fake_registry.manifest([])
    fake_registry.answer("GET", "/referrers/", status=status)
    fake_registry.document(index([entry(1, IN_TOTO)]), tag=f"sha256-{digest.hex}", media_type=INDEX)

    found = await list_attached(digest, registry=client(fake_registry, network))

    assert [each.kind for each in found.entries] == [AttachedKind.ATTESTATION]
    assert [each.reason for each in found.failures] == ([Reason.REGISTRY_UNAVAILABLE] if status == 500 else [])


async def test_what_is_in_both_lists_is_told_once(fake_registry: FakeRegistry, network):
    digest = fake_registry.manifest([])
    fake_registry.referrers = [entry(1, IN_TOTO), entry(2, NOTATION)]
    fake_registry.document(index([entry(2, NOTATION), entry(3, IN_TOTO)]), tag=f"sha256-{digest.hex}", media_type=INDEX)

    found = await list_attached(digest, registry=client(fake_registry, network))

    assert [each.size for each in found.entries] == [1, 2, 3]


async def test_the_tags_of_cosign_are_listed_layer_by_layer(fake_registry: FakeRegistry, network):
    digest = fake_registry.manifest([])
    hint = {"annotations": {"predicateType": PROVENANCE}}
    envelopes = [fake_registry.blob(b"a", DSSE_ENVELOPE, **hint), fake_registry.blob(b"bc", DSSE_ENVELOPE)]
    fake_registry.manifest(envelopes, tag=f"sha256-{digest.hex}.att")
    fake_registry.manifest([fake_registry.blob(b"{}", "text/spdx+json")], tag=f"sha256-{digest.hex}.sbom")

    found = await list_attached(digest, registry=client(fake_registry, network))

    name = f"sha256-{digest.hex}"
    assert found.entries == (
        Attached(AttachedKind.ATTESTATION, DSSE_ENVELOPE, f"{name}.att layer 1", 1, PROVENANCE),
        Attached(AttachedKind.ATTESTATION, DSSE_ENVELOPE, f"{name}.att layer 2", 2),
        Attached(AttachedKind.SBOM, "text/spdx+json", f"{name}.sbom layer 1", 2),
    )


async def test_where_nobody_answers_that_is_a_failure_and_not_nothing(fake_registry: FakeRegistry, network):
    digest = fake_registry.manifest([])
    fake_registry.answer("GET", "/referrers/", status=503)
    fake_registry.answer("GET", "/manifests/sha256-", status=503)

    found = await list_attached(digest, registry=client(fake_registry, network))

    assert {each.reason for each in found.failures} == {Reason.REGISTRY_UNAVAILABLE}
    assert len(found.failures) == 2


async def test_a_list_that_is_none_is_a_failure_where_no_tag_answers(fake_registry: FakeRegistry, network):
    digest = fake_registry.manifest([])
    fake_registry.answer("GET", "/referrers/", body=b"[]", headers={"Content-Type": INDEX})

    found = await list_attached(digest, registry=client(fake_registry, network))

    assert [each.reason for each in found.failures] == [Reason.ARTIFACT_UNSUPPORTED]


async def test_of_many_the_first_are_kept_and_the_rest_is_counted(fake_registry: FakeRegistry, network):
    digest = fake_registry.manifest([])
    fake_registry.referrers = [entry(number, IN_TOTO) for number in range(1, MAX_REFERRERS + 4)]

    found = await list_attached(digest, registry=client(fake_registry, network))

    assert (len(found.entries), found.more) == (MAX_REFERRERS, 3)
