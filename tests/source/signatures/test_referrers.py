"""What refers to an artifact, where the registry's own list is not whole and the fallback tag is none."""

from tests.source.fake_registry import INDEX, FakeRegistry, client, index

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.limits import MAX_REFERRERS
from pattern_operator.source.registry.client import RepositoryClient
from pattern_operator.source.registry.timeouts import Deadline
from pattern_operator.source.signatures.formats import PREDICATE_HINT
from pattern_operator.source.signatures.referrers import Listing, list_referrers

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


async def listed(digest: Digest, *, registry: RepositoryClient) -> Listing:
    deadline = Deadline.after(10, context="looking", waits=registry.waits)
    found = await list_referrers(digest, registry=registry, deadline=deadline)
    assert isinstance(found, Listing)
    return found


def entries(*numbers: int) -> list[dict[str, object]]:
    """Referrers that are listed as bundles; the higher the number, the later they are."""
    manifest = "application/vnd.oci.image.manifest.v1+json"
    digests = [f"sha256:{number:064x}" for number in numbers]
    return [{"mediaType": manifest, "digest": each, "size": 1, "artifactType": BUNDLE} for each in digests]


async def test_as_many_as_are_looked_at_are_all_of_them(fake_registry: FakeRegistry, network):
    signed = fake_registry.manifest([])
    fake_registry.page("/referrers/", 1, body=index(entries(*range(MAX_REFERRERS))), media_type=INDEX)

    found = await listed(signed, registry=client(fake_registry, network))

    assert len(found.entries) == MAX_REFERRERS
    assert not found.failures


async def test_that_there_are_too_many_is_said_once_of_all_pages(fake_registry: FakeRegistry, network):
    signed = fake_registry.manifest([])
    link = f'<./{signed}?page=2>; rel="next"'
    fake_registry.page("/referrers/", 1, body=index(entries(*range(MAX_REFERRERS + 1))), link=link, media_type=INDEX)
    fake_registry.page("/referrers/", 2, body=index(entries(MAX_REFERRERS + 1)), media_type=INDEX)

    found = await listed(signed, registry=client(fake_registry, network))

    assert len(found.entries) == MAX_REFERRERS
    assert [each.reason for each in found.failures] == [Reason.TOO_MANY_SIGNATURES]


async def test_attestations_leave_room_for_a_signature_and_are_not_missed(fake_registry: FakeRegistry, network):
    signed = fake_registry.manifest([])
    stated = {"annotations": {PREDICATE_HINT: "https://slsa.dev/provenance/v1"}}
    many, (one,) = [{**each, **stated} for each in entries(*range(MAX_REFERRERS))], entries(MAX_REFERRERS)
    fake_registry.page("/referrers/", 1, body=index([*many, one]), media_type=INDEX)

    found = await listed(signed, registry=client(fake_registry, network))

    assert str(found.entries[0].digest) == one["digest"]
    assert not found.failures


async def test_of_a_list_that_another_host_gave_it_is_told_only_that_it_is_none(fake_registry: FakeRegistry, network):
    signed = fake_registry.manifest([])
    fake_registry.answer("GET", "^/internal$", body=b'{"schemaVersion": 2, "mediaType": "application/secret"}')
    fake_registry.redirect("/referrers/", f"{fake_registry.elsewhere}/internal")

    found = await listed(signed, registry=client(fake_registry, network))

    assert [each.reason for each in found.failures] == [Reason.REGISTRY_UNAVAILABLE]
    assert "secret" not in found.failures[0].message
    assert "localhost" in found.failures[0].message


async def test_what_was_listed_stays_beside_all_that_could_not_be_read(fake_registry: FakeRegistry, network):
    signed, referrer = fake_registry.manifest([]), fake_registry.manifest([], annotations={"is": "a referrer"})
    size = len(fake_registry.manifests[str(referrer)][1])
    entry = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": str(referrer),
        "size": size,
        "artifactType": BUNDLE,
    }
    path = f"/v2/{fake_registry.repository.name}/referrers/{signed}"
    fake_registry.answer("GET", "/referrers/", status=404)
    link = f'<{path}?page=2>; rel="next"'
    fake_registry.page(f"/referrers/{signed}", 1, body=index([entry]), link=link, media_type=INDEX)
    fake_registry.manifest([], tag=f"sha256-{signed.hex}", annotations={"is": "no index"})
    registry = client(fake_registry, network)

    found = await listed(signed, registry=registry)

    assert [each.digest for each in found.entries] == [Digest.parse(str(referrer))]
    assert [each.reason for each in found.failures] == [Reason.REGISTRY_UNAVAILABLE, Reason.ARTIFACT_UNSUPPORTED]
