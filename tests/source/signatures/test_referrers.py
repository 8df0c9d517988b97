"""What refers to an artifact, where the registry's own list is not whole and the fallback tag is none."""

from tests.source.fake_registry import INDEX, FakeRegistry, client, index

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.source.registry.timeouts import Deadline
from pattern_operator.source.signatures.referrers import Listing, list_referrers

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


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

    found = await list_referrers(
        signed, registry=registry, deadline=Deadline.after(10, context="looking", waits=registry.waits)
    )

    assert isinstance(found, Listing)
    assert [each.digest for each in found.entries] == [Digest.parse(str(referrer))]
    assert [each.reason for each in found.failures] == [Reason.REGISTRY_UNAVAILABLE, Reason.ARTIFACT_UNSUPPORTED]
