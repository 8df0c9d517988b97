import json

import pytest
from tests.archive.archives import files
from tests.source.peer import (
    ALICE,
    BUNDLE,
    COSIGN,
    INDEX,
    OCI,
    SIMPLE_SIGNING,
    Peer,
    bearer,
    client,
    hang,
    index,
    sha256,
)
from tests.testbed import registry as registries
from tests.testbed.registry import Options

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import (
    MAX_REFERRER_MANIFEST,
    MAX_REFERRER_PAGES,
    MAX_REFERRERS,
    MAX_SIGNATURE_BLOB,
    MAX_SIGNATURES,
    MAX_SIGNATURES_SIZE,
)
from pattern_operator.source import push, signatures
from pattern_operator.source.pace import Pace

SIGNATURE = "dev.cosignproject.cosign/signature"


@pytest.fixture
def signed(peer) -> Digest:
    """An artifact of the peer, which nobody has signed yet."""
    return peer.manifest([], tag="1.0")


def tag_of(digest: Digest) -> str:
    return f"{digest.algorithm}-{digest.hex}.sig"


def simple(peer: Peer, number: int = 1, **more) -> dict:
    """A layer as cosign's classic format has it."""
    return peer.blob(b'{"critical": %d}' % number, SIMPLE_SIGNING, annotations={SIGNATURE: f"s{number}"}, **more)


def classic(peer: Peer, signed: Digest, *layers: dict) -> None:
    peer.manifest(layers or [simple(peer)], tag=tag_of(signed))


def bundle(peer: Peer, signed: Digest, content: bytes = b'{"bundle": 1}', **more) -> Digest:
    """A referrer as cosign's new format has it."""
    manifest = {"artifactType": BUNDLE, "subject": signed, **more}
    digest = peer.manifest([peer.blob(content, BUNDLE)], **manifest)
    peer.refer(digest, BUNDLE)
    return digest


async def found(peer: Peer, network, signed: Digest, **more) -> tuple[Signature, ...]:
    return await signatures(signed, registry=client(peer, network, **more))


async def refusal(peer: Peer, network, signed: Digest) -> Stalled:
    with pytest.raises(Stalled) as refused:
        await found(peer, network, signed)
    return refused.value


# --- where signatures lie -------------------------------------------------------------------------------------------


async def test_the_layers_of_cosigns_tag_are_signatures(peer, network, signed):
    classic(peer, signed, simple(peer, 1), simple(peer, 2))

    assert await found(peer, network, signed) == tuple(
        Signature(
            SignatureFormat.COSIGN,
            f"{tag_of(signed)} layer {number}",
            SIMPLE_SIGNING,
            b'{"critical": %d}' % number,
            {SIGNATURE: f"s{number}"},
        )
        for number in (1, 2)
    )


async def test_a_referrer_of_one_bundle_is_a_signature(peer, network, signed):
    digest = bundle(peer, signed)

    assert await found(peer, network, signed) == (
        Signature(SignatureFormat.BUNDLE, f"referrer {digest}", BUNDLE, b'{"bundle": 1}'),
    )


async def test_a_referrer_of_cosigns_own_type_has_signatures_for_layers(peer, network, signed):
    digest = peer.manifest([simple(peer, 1), simple(peer, 2)], artifactType=COSIGN, subject=signed)
    peer.refer(digest, COSIGN)

    signature = (await found(peer, network, signed))[1]

    assert signature.format is SignatureFormat.COSIGN
    assert signature.where == f"referrer {digest} layer 2"
    assert signature.payload == b'{"critical": 2}'


async def test_signatures_of_all_places_come_together(peer, network, signed):
    classic(peer, signed)
    bundle(peer, signed, b"{}")
    bundle(peer, signed, b"[]")

    assert [each.format for each in await found(peer, network, signed)] == ["cosign", "bundle", "bundle"]


async def test_referrers_of_other_types_are_not_asked_for(peer, network, signed):
    other = peer.manifest([], artifactType="application/spdx+json", subject=signed)
    peer.refer(other, "application/spdx+json")

    assert await found(peer, network, signed) == ()
    assert not any(str(other) in path for path in peer.paths("GET"))


async def test_a_referrer_that_is_listed_twice_is_one(peer, network, signed):
    peer.refer(bundle(peer, signed), BUNDLE)

    assert len(await found(peer, network, signed)) == 1


async def test_all_pages_of_referrers_count(peer, network, signed):
    bundle(peer, signed, b"1")
    bundle(peer, signed, b"2")
    one, two = peer.referrers
    peer.page("/referrers/", 1, body=index([one]), link=f'<./{signed}?page=2>; rel="next"', media_type=INDEX)
    peer.page("/referrers/", 2, body=index([two]), media_type=INDEX)

    assert [each.payload for each in await found(peer, network, signed)] == [b"1", b"2"]


# --- a registry without the referrers API ---------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_where_there_is_no_referrers_api_the_fallback_tag_is_read(peer, network, algorithm):
    signed = Digest.of(b"signed", algorithm)
    bundle(peer, signed)
    listed, peer.referrers = peer.referrers, None
    peer.document(index(listed), tag=f"{algorithm}-{signed.hex[:64]}", media_type=INDEX)

    assert [each.payload for each in await found(peer, network, signed)] == [b'{"bundle": 1}']


async def test_where_there_is_an_api_the_fallback_tag_says_nothing(peer, network, signed):
    bundle(peer, signed)
    peer.document(index(peer.referrers), tag=f"sha256-{signed.hex}", media_type=INDEX)
    peer.referrers = []

    assert await found(peer, network, signed) == ()


async def test_a_fallback_tag_that_is_no_index_is_an_unreadable_signature_and_not_none(peer, network, signed):
    peer.referrers = None
    peer.manifest([], tag=f"sha256-{signed.hex}")

    (signature,) = await found(peer, network, signed)

    assert signature.payload == b""
    assert "ArtifactUnsupported" in signature.where


# --- what is never "unsigned" ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", [True, False], ids=["referrers API", "fallback tag"])
async def test_only_404_everywhere_is_unsigned(peer, network, signed, api):
    peer.referrers = [] if api else None

    assert await found(peer, network, signed) == ()


PLACES = pytest.mark.parametrize(
    "place",
    [
        pytest.param(r"\.sig$", id="cosign's tag"),
        pytest.param("/referrers/", id="the referrers API"),
        pytest.param("/manifests/sha256-[0-9a-f]{64}$", id="the fallback tag"),
        pytest.param("/manifests/sha256:", id="a referrer"),
        pytest.param("/blobs/", id="a signature"),
    ],
)


def everywhere(peer: Peer, signed: Digest, *, place: str) -> None:
    """Sign in such a way that ``place`` is asked."""
    if "-[0-9a-f]" in place:
        peer.referrers = None
    else:
        classic(peer, signed)
        bundle(peer, signed)


@PLACES
@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (401, Stalled, Reason.AUTHENTICATION_REQUIRED),
        (403, Stalled, Reason.ACCESS_DENIED),
        (408, Transient, Reason.REGISTRY_UNAVAILABLE),
        (429, Transient, Reason.REGISTRY_THROTTLED),
        (500, Transient, Reason.REGISTRY_UNAVAILABLE),
        (503, Transient, Reason.REGISTRY_UNAVAILABLE),
    ],
)
async def test_a_registry_that_does_not_tell_is_never_unsigned(peer, network, signed, place, status, kind, reason):
    everywhere(peer, signed, place=place)
    peer.answer("GET", place, status=status)

    with pytest.raises(kind) as failure:
        await found(peer, network, signed)

    assert failure.value.reason is reason


@PLACES
async def test_a_registry_that_does_not_answer_is_never_unsigned(peer, network, signed, place):
    everywhere(peer, signed, place=place)
    peer.on("GET", place, hang)

    with pytest.raises(Transient):
        await found(peer, network, signed, pace=Pace(headers=0.2))


@PLACES
async def test_a_404_of_a_host_that_we_were_sent_to_is_never_unsigned(peer, network, signed, place):
    everywhere(peer, signed, place=place)
    peer.redirect(place, f"{peer.elsewhere}/nowhere")

    with pytest.raises(Transient):
        await found(peer, network, signed)


async def test_a_404_of_the_token_service_is_never_unsigned(peer, network, signed):
    bearer(peer)
    peer.answer("GET", "^/token$", status=404)

    assert (await refusal(peer, network, signed)).reason is Reason.AUTHENTICATION_REQUIRED
    with pytest.raises(Stalled):
        await found(peer, network, signed, credential=ALICE)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        pytest.param(b"", INDEX, id="nothing"),
        pytest.param(b"{}", INDEX, id="an empty object"),
        pytest.param(b"<html>", "text/html", id="a page"),
        pytest.param(index([]), OCI, id="called a manifest"),
        pytest.param(b'{"schemaVersion": 2, "manifests": null}', INDEX, id="a list that is null"),
        pytest.param(index([{"digest": "x"}]), INDEX, id="an entry that is none"),
    ],
)
async def test_a_list_of_referrers_that_is_none_is_never_empty(peer, network, signed, body, media_type):
    peer.answer("GET", "/referrers/", body=body, headers={"Content-Type": media_type})

    assert (await refusal(peer, network, signed)).reason is Reason.ARTIFACT_UNSUPPORTED


async def test_a_list_of_referrers_that_ends_in_the_middle_is_tried_again_later(peer, network, signed):
    bundle(peer, signed)
    peer.answer("GET", "/referrers/gone", status=404)
    peer.page("/referrers/sha256", 1, body=index(peer.referrers), link='<gone>; rel="next"', media_type=INDEX)

    with pytest.raises(Transient) as failure:
        await found(peer, network, signed)

    assert "a page of it is gone" in failure.value.message


# --- what cannot be read hides nothing ------------------------------------------------------------------------------


def unreadable(peer: Peer, signed: Digest, how: str) -> str:
    """Add a referrer that cannot be read, and tell what is to be said of it."""
    digest = bundle(peer, signed, b"bad")
    media_type, body = peer.manifests[str(digest)]
    match how:
        case "gone":
            del peer.manifests[str(digest)]
            return "ArtifactNotFound"
        case "tampered":
            peer.manifests[str(digest)] = (media_type, body + b" ")
            return "DigestMismatch"
        case "index":
            peer.manifests[str(digest)] = (INDEX, body)
            return "ArtifactUnsupported"
        case "blob gone":
            del peer.blobs[sha256(b"bad")]
            return "ArtifactNotFound"
        case "blob tampered":
            peer.blobs[sha256(b"bad")] = b"BAD"
            return "DigestMismatch"
        case "blob longer":
            peer.blobs[sha256(b"bad")] = b"bad!"
            return "SizeMismatch"
    raise AssertionError(how)


@pytest.mark.parametrize("how", ["gone", "tampered", "index", "blob gone", "blob tampered", "blob longer"])
async def test_one_unreadable_signature_hides_no_other_and_is_handed_on(peer, network, signed, how):
    classic(peer, signed)
    says = unreadable(peer, signed, how)
    bundle(peer, signed, b"good")

    bad, good = (await found(peer, network, signed))[1:]

    assert good.payload == b"good"
    assert bad.payload == b""
    assert bad.format is SignatureFormat.BUNDLE
    assert bad.where.endswith(f"({says})")


async def test_cosigns_tag_that_cannot_be_read_hides_no_referrer(peer, network, signed):
    peer.document(b"no manifest", tag=tag_of(signed))
    bundle(peer, signed, b"good")

    bad, good = await found(peer, network, signed)

    assert (bad.format, bad.payload, bad.where) == ("cosign", b"", f"{tag_of(signed)} (ArtifactUnsupported)")
    assert good.payload == b"good"


async def test_a_layer_larger_than_any_signature_is_not_asked_for(peer, network, signed):
    large = {"mediaType": SIMPLE_SIGNING, "digest": sha256(b"large"), "size": MAX_SIGNATURE_BLOB + 1}
    classic(peer, signed, large, simple(peer))

    bad, good = await found(peer, network, signed)

    assert (bad.payload, good.payload) == (b"", b'{"critical": 1}')
    assert "more than any signature" in bad.where
    assert not any(large["digest"] in path for path in peer.paths("GET"))


@pytest.mark.parametrize("subject", ["another", "none"])
async def test_a_referrer_of_another_artifact_is_not_one_of_this(peer, network, signed, subject):
    other = Digest.of(b"other")
    digest = peer.manifest(
        [peer.blob(b"stolen", BUNDLE)], artifactType=BUNDLE, subject=other if subject == "another" else None
    )
    peer.refer(digest, BUNDLE)

    (signature,) = await found(peer, network, signed)

    assert signature.payload == b""
    assert "refers to another artifact" in signature.where
    assert not any("/blobs/" in path for path in peer.paths("GET"))


@pytest.mark.parametrize("layers", [[], [BUNDLE, BUNDLE], [SIMPLE_SIGNING], [BUNDLE, "text/plain"]], ids=len)
async def test_a_referrer_that_has_not_exactly_one_bundle_is_not_read(peer, network, signed, layers):
    made = [peer.blob(media_type.encode() + bytes([n]), media_type) for n, media_type in enumerate(layers)]
    peer.refer(peer.manifest(made, artifactType=BUNDLE, subject=signed), BUNDLE)

    (signature,) = await found(peer, network, signed)

    assert signature.payload == b""
    assert "exactly one layer" in signature.where


# --- how many -------------------------------------------------------------------------------------------------------


async def test_as_many_signatures_as_are_tried_are_found(peer, network, signed):
    classic(peer, signed, *(simple(peer, number) for number in range(MAX_SIGNATURES)))

    assert len(await found(peer, network, signed)) == MAX_SIGNATURES


async def test_more_layers_than_are_tried_are_refused_before_one_is_read(peer, network, signed):
    classic(peer, signed, *(simple(peer, number) for number in range(MAX_SIGNATURES + 1)))

    error = await refusal(peer, network, signed)

    assert error.reason is Reason.TOO_MANY_SIGNATURES
    assert "remove those that are not needed" in error.message
    assert not any("/blobs/" in path for path in peer.paths("GET"))


async def test_signatures_that_are_large_together_are_refused_before_they_are_read(peer, network, signed):
    large = MAX_SIGNATURE_BLOB // 2
    for number in range(2 * MAX_SIGNATURES_SIZE // large):
        bundle(peer, signed, b"%d" % number + b" " * (large - 10))

    error = await refusal(peer, network, signed)

    assert error.reason is Reason.TOO_MANY_SIGNATURES
    assert f"more than {MAX_SIGNATURES_SIZE} bytes" in error.message
    read = sum(len(peer.blobs[path.rpartition("/")[2]]) for path in peer.paths("GET") if "/blobs/" in path)
    assert read <= MAX_SIGNATURES_SIZE


async def test_a_referrer_whose_manifest_is_larger_than_any_hides_no_other(peer, network, signed):
    bundle(peer, signed)
    large = peer.manifest(
        [peer.blob(b"{}", BUNDLE)],
        artifactType=BUNDLE,
        subject=signed,
        annotations={"k": "v" * MAX_REFERRER_MANIFEST},
    )
    peer.refer(large, BUNDLE)

    payloads = [each.payload for each in await found(peer, network, signed)]

    assert sorted(payloads) == [b"", b'{"bundle": 1}']


async def test_more_referrers_than_are_tried_are_refused_before_one_is_read(peer, network, signed):
    for number in range(MAX_SIGNATURES + 1):
        bundle(peer, signed, b"%d" % number)

    assert (await refusal(peer, network, signed)).reason is Reason.TOO_MANY_SIGNATURES
    assert not any("/manifests/sha256:" in path for path in peer.paths("GET"))


async def test_the_layers_of_all_places_count_together_before_they_are_read(peer, network, signed):
    each = MAX_SIGNATURES // 2
    for place in range(8):
        layers = [simple(peer, 100 * place + number) for number in range(each)]
        peer.refer(peer.manifest(layers, artifactType=COSIGN, subject=signed), COSIGN)

    assert (await refusal(peer, network, signed)).reason is Reason.TOO_MANY_SIGNATURES
    assert len([path for path in peer.paths("GET") if "/blobs/" in path]) <= MAX_SIGNATURES


async def test_more_entries_than_are_looked_at_are_refused(peer, network, signed):
    for number in range(MAX_REFERRERS // 2 + 1):
        peer.refer(Digest.of(b"%d" % number), "application/spdx+json")
    half = index(peer.referrers)
    peer.page("/referrers/", 1, body=half, link=f'<./{signed}?page=2>; rel="next"', media_type=INDEX)
    peer.page("/referrers/", 2, body=half, media_type=INDEX)

    assert (await refusal(peer, network, signed)).reason is Reason.TOO_MANY_SIGNATURES


async def test_more_pages_than_are_read_are_refused(peer, network, signed):
    for number in range(1, MAX_REFERRER_PAGES + 2):
        peer.page(
            "/referrers/", number, body=index([]), link=f'<./{signed}?page={number + 1}>; rel="next"', media_type=INDEX
        )

    assert (await refusal(peer, network, signed)).reason is Reason.ARTIFACT_TOO_LARGE


# --- real parts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("referrers", ["api", "fallback-tag"])
async def test_what_cosign_signs_is_found_in_a_real_registry(testbed_state, cosign, key_pair, network, referrers):
    real = registries.start(testbed_state, name=f"referrers-{referrers}", options=Options(referrers=referrers))
    repository = Repository(real.address, "team/web")
    registry = client(repository, network)
    revision = await push(files(), registry=registry, tag="1.0")
    other = await push(files({"other.yml": b"x"}), registry=registry, tag="2.0")
    before = await signatures(revision.digest, registry=registry)

    cosign.sign_classic(f"{repository}@{revision.digest}", key=key_pair)
    cosign.sign_bundle(f"{repository}@{revision.digest}", key=key_pair)
    after = await signatures(revision.digest, registry=registry)
    of_the_other = await signatures(other.digest, registry=registry)
    real.stop()

    assert before == of_the_other == ()
    assert [each.format for each in after] == ["cosign", "bundle"]
    assert json.loads(after[0].payload)["critical"]["image"]["docker-manifest-digest"] == str(revision.digest)
    assert after[0].annotations[SIGNATURE]
    assert json.loads(after[1].payload)["mediaType"] == BUNDLE
