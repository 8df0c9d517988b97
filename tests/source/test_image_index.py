"""Which manifest of an index is pulled: as buildx writes it, and as nobody should."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.archive.archives import FILES, files, tgz
from tests.source.fake_registry import INDEX, OCI, FakeRegistry, client
from tests.testbed import registry as registries
from tests.testbed.registry import Options

from pattern_operator.api.artifact import Artifact
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference, Repository, Revision
from pattern_operator.errors import Stalled
from pattern_operator.source import LayerSelector, pull, resolve
from pattern_operator.source.image_index import manifest_of_index

DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
ATTESTATION: dict[str, Any] = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
UNKNOWN: dict[str, Any] = {"platform": {"os": "unknown", "architecture": "unknown"}}
AMD64: dict[str, Any] = {"platform": {"os": "linux", "architecture": "amd64"}}
ARM: dict[str, Any] = {"platform": {"os": "linux", "architecture": "arm", "variant": "v7"}}

NO_LISTS: tuple[Any, ...] = ({}, 5, "x", True, None)


def entry(content: bytes = b"image", media_type: str = OCI, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": str(Digest.of(content)), "size": 5, **more}


def index(*entries: object, media_type: str = INDEX, **more: object) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": list(entries), **more}).encode()


def refusal(content: bytes) -> str:
    with pytest.raises(Stalled) as refused:
        manifest_of_index(content, context="the artifact")
    assert refused.value.reason is Reason.ARTIFACT_UNSUPPORTED
    return refused.value.message


@pytest.mark.parametrize("media_type", [INDEX, DOCKER_INDEX])
@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([entry(**AMD64), entry(b"att", **UNKNOWN, **ATTESTATION)], id="as buildx writes it"),
        pytest.param([entry(b"att", **ATTESTATION), entry()], id="by the annotation alone"),
        pytest.param([entry(), entry(b"att", **UNKNOWN)], id="by the platform alone"),
        pytest.param([entry(), entry(b"sbom", artifactType="application/spdx+json")], id="an SBOM by its type"),
        pytest.param([entry()], id="an image alone"),
        pytest.param([entry(**UNKNOWN)], id="an image alone, of no platform"),
        pytest.param([entry(**AMD64), entry(**ARM)], id="one image for two platforms"),
        pytest.param([entry(), "nonsense", 1, None], id="nonsense beside it"),
    ],
)
def test_the_one_manifest_that_is_not_an_attestation_is_taken(entries, media_type):
    found = manifest_of_index(index(*entries, media_type=media_type), context="the artifact")

    assert found is not None
    assert (found.digest, found.size) == (Digest.of(b"image"), 5)


def test_a_manifest_leads_to_none():
    assert (
        manifest_of_index(json.dumps({"schemaVersion": 2, "mediaType": OCI, "layers": []}).encode(), context="x")
        is None
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(
            index(entry(**AMD64), entry(b"arm", **ARM), entry(b"a", **ATTESTATION), entry(b"b", **UNKNOWN)),
            f"an index of 2 manifests (linux/amd64 {Digest.of(b'image')}, linux/arm/v7 {Digest.of(b'arm')}) beside 2"
            " attestations, and a pattern is one: name its digest in source.ref.digest",
            id="several",
        ),
        pytest.param(index(*(entry(b"%d" % n) for n in range(9))), "and 4 more)", id="many"),
        pytest.param(
            index(entry(b"a", platform={"os": "linux", "architecture": "", "variant": 7}), entry(b"b", platform=[])),
            f"(linux {Digest.of(b'a')}, {Digest.of(b'b')})",
            id="platforms that are none",
        ),
        pytest.param(index(entry(**ATTESTATION)), "nothing but an attestation", id="an attestation alone"),
        pytest.param(index(), "no manifest", id="nothing"),
        pytest.param(index(entry(media_type=INDEX)), "an index of another index", id="an index in an index"),
        pytest.param(index(entry(media_type="text/html")), "not a manifest", id="something else"),
        pytest.param(index(entry(size="5")), "size is not a number", id="a bad size"),
        pytest.param(index(entry(digest="md5:0")), "digest is not a sha256", id="a bad digest"),
        pytest.param(index({"mediaType": OCI}), "size is not a number", id="half a descriptor"),
        *(
            pytest.param(
                json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}).encode(),
                "no manifest",
                id=f"{listed!r} instead of a list",
            )
            for listed in NO_LISTS
        ),
    ],
)
def test_an_index_that_does_not_lead_to_one_says_what_it_has(content, says):
    assert says in refusal(content)


def test_an_index_is_known_by_its_shape_where_nobody_says_what_it_is():
    content = json.dumps({"schemaVersion": 2, "manifests": [entry()]}).encode()

    found = manifest_of_index(content, context="the artifact")

    assert found is not None
    assert found.digest == Digest.of(b"image")


VALUES = st.recursive(
    st.none() | st.text(max_size=3) | st.integers() | st.sampled_from(["unknown", OCI, INDEX]), st.lists
)
NAMES = st.sampled_from(["mediaType", "digest", "size", "platform", "annotations", "artifactType"])


@given(entries=st.lists(VALUES | st.dictionaries(NAMES, VALUES | st.dictionaries(st.just("os"), VALUES))))
def test_no_index_raises_anything_but_a_refusal(entries):
    try:
        manifest_of_index(index(*entries), context="the artifact")
    except Stalled as refused:
        assert refused.message.isprintable()


# --- pulled ---------------------------------------------------------------------------------------------------------


async def pulled(fake_registry: FakeRegistry, network, digest: Digest, cache) -> Artifact:
    reference = Reference(fake_registry.repository, digest=digest)
    return await pull(
        reference, Revision("", digest), registry=client(fake_registry, network), cache=cache, layer=LayerSelector()
    )


def listed(fake_registry: FakeRegistry, **more: object) -> Digest:
    """An index of one image and its attestation."""
    image = fake_registry.manifest([fake_registry.blob(tgz(), "application/vnd.oci.image.layer.v1.tar+gzip")])
    size = len(fake_registry.manifests[str(image)][1])
    made = {"mediaType": OCI, "digest": str(image), "size": size, **AMD64, **more}
    return fake_registry.document(index(made, entry(b"att", **UNKNOWN, **ATTESTATION)), media_type=INDEX)


async def test_the_manifest_of_an_index_is_pulled_and_both_are_kept(fake_registry, network, cache):
    digest = listed(fake_registry)

    first = await pulled(fake_registry, network, digest, cache)
    asked = len(fake_registry.asked)
    again = await pulled(fake_registry, network, digest, cache)

    assert first.files == again.files == files(FILES)
    assert first.revision.digest == digest
    assert fake_registry.paths("GET") == fake_registry.paths("GET")[:asked]


async def test_a_manifest_of_another_size_than_the_index_says_is_refused(fake_registry, network, cache):
    with pytest.raises(Stalled) as refused:
        await pulled(fake_registry, network, listed(fake_registry, size=7), cache)

    assert refused.value.reason is Reason.SIZE_MISMATCH


async def test_a_manifest_that_is_not_what_the_index_names_is_refused(fake_registry, network, cache):
    digest = listed(fake_registry)
    image = next(key for key, (_, body) in fake_registry.manifests.items() if b"layers" in body)
    fake_registry.manifests[image] = (OCI, fake_registry.manifests[image][1] + b" ")

    with pytest.raises(Stalled) as refused:
        await pulled(fake_registry, network, digest, cache)

    assert refused.value.reason is Reason.DIGEST_MISMATCH


async def test_an_image_that_buildx_pushed_is_pulled_from_a_real_registry(testbed_state, network, cache):
    real = registries.start(testbed_state, name="buildx", options=Options())
    pushed = real.repository("buildx")
    config = "application/vnd.oci.image.config.v1+json"
    layer = ("application/vnd.oci.image.layer.v1.tar+gzip", tgz())
    image = pushed.push(None, [layer], config=(config, b'{"architecture":"amd64","os":"linux"}'))
    statement = ("application/vnd.in-toto+json", b'{"_type":"https://in-toto.io/Statement/v0.1"}')
    about = pushed.push(None, [statement], config=(config, b'{"architecture":"unknown","os":"unknown"}'))
    entries = [
        {"mediaType": OCI, "digest": each, "size": len(pushed.manifest(each).body), **more}
        for each, more in ((image, AMD64), (about, {**UNKNOWN, **ATTESTATION}))
    ]
    pushed.push_manifest(index(*entries), tag="1.0", media_type=INDEX)
    pushed.push_manifest(index(entries[0]), tag="1.0-alone", media_type=INDEX)
    repository = Repository(real.address, pushed.name)
    registry = client(repository, network)
    found = []
    for tag in ("1.0", "1.0-alone"):
        reference = Reference(repository, tag=tag)
        revision = await resolve(reference, registry=registry)
        found.append(await pull(reference, revision, registry=registry, cache=cache, layer=LayerSelector()))
    real.stop()

    assert [[file.path for file in artifact.files] for artifact in found] == [list(FILES)] * 2
