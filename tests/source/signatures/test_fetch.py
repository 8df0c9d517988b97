import base64
import json
from typing import Any

import pytest
from tests.archive.archives import files
from tests.source.fake_registry import (
    ALICE,
    BUNDLE,
    COSIGN,
    INDEX,
    OCI,
    SIMPLE_SIGNING,
    FakeRegistry,
    bearer,
    client,
    hang,
    index,
    sha256,
    signatures,
)
from tests.testbed import registry as registries
from tests.testbed.registry import Options

from pattern_operator.api.artifact import SIGNATURE_PREDICATE, Signature, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import (
    MAX_ASKED_ATTESTATIONS,
    MAX_ATTESTATIONS,
    MAX_REFERRER_MANIFEST,
    MAX_REFERRER_PAGES,
    MAX_REFERRERS,
    MAX_SIGNATURE_BLOB,
    MAX_SIGNATURES,
    MAX_SIGNATURES_SIZE,
    MAX_UNLIKELY_REFERRERS,
)
from pattern_operator.source import FetchedSignatures, fetch_signatures, push
from pattern_operator.source.registry.timeouts import Timeouts
from pattern_operator.source.signatures.formats import PREDICATE_HINT

SIGNATURE = "dev.cosignproject.cosign/signature"
OLDER_SPELLING = "application/vnd.dev.sigstore.bundle+json;version=0.3"
ATTESTED = "https://slsa.dev/provenance/v1"


@pytest.fixture
def signed(fake_registry: FakeRegistry) -> Digest:
    """An artifact of the fake registry without signatures."""
    return fake_registry.manifest([], tag="1.0")


def tag_of(digest: Digest) -> str:
    return f"{digest.algorithm}-{digest.hex}.sig"


def simple(fake_registry: FakeRegistry, number: int = 1, **more: Any) -> dict[str, Any]:
    """A layer as cosign's classic format has it."""
    return fake_registry.blob(
        b'{"critical": %d}' % number, SIMPLE_SIGNING, annotations={SIGNATURE: f"s{number}"}, **more
    )


def classic(fake_registry: FakeRegistry, signed: Digest, *layers: dict[str, Any]) -> None:
    fake_registry.manifest(layers or [simple(fake_registry)], tag=tag_of(signed))


def bundle(fake_registry: FakeRegistry, signed: Digest, content: bytes = b'{"bundle": 1}', **more) -> Digest:
    """A referrer as cosign's new format has it."""
    manifest = {"artifactType": BUNDLE, "subject": signed, **more}
    digest = fake_registry.manifest([fake_registry.blob(content, BUNDLE)], **manifest)
    fake_registry.refer(digest, BUNDLE)
    return digest


async def found(fake_registry: FakeRegistry, network, signed: Digest, **more) -> tuple[Signature, ...]:
    return await signatures(signed, registry=client(fake_registry, network, **more))


async def refusal(fake_registry: FakeRegistry, network, signed: Digest) -> Stalled:
    with pytest.raises(Stalled) as refused:
        await found(fake_registry, network, signed)
    return refused.value


# --- where signatures lie -------------------------------------------------------------------------------------------


async def test_the_layers_of_cosigns_tag_are_signatures(fake_registry, network, signed):
    classic(fake_registry, signed, simple(fake_registry, 1), simple(fake_registry, 2))

    assert await found(fake_registry, network, signed) == tuple(
        Signature(
            SignatureFormat.COSIGN,
            f"{tag_of(signed)} layer {number}",
            SIMPLE_SIGNING,
            b'{"critical": %d}' % number,
            {SIGNATURE: f"s{number}"},
        )
        for number in (1, 2)
    )


async def test_a_referrer_of_one_bundle_is_a_signature(fake_registry, network, signed):
    digest = bundle(fake_registry, signed)

    assert await found(fake_registry, network, signed) == (
        Signature(SignatureFormat.BUNDLE, f"referrer {digest}", BUNDLE, b'{"bundle": 1}'),
    )


@pytest.mark.parametrize("listed", [OLDER_SPELLING, OLDER_SPELLING.replace(";", " ; "), ""])
async def test_a_bundle_that_is_spelled_as_at_first_is_a_signature(fake_registry, network, signed, listed):
    layer = fake_registry.blob(b"older", OLDER_SPELLING)
    fake_registry.refer(fake_registry.manifest([layer], artifactType=OLDER_SPELLING, subject=signed), listed)

    (signature,) = await found(fake_registry, network, signed)

    assert (signature.format, signature.payload) == (SignatureFormat.BUNDLE, b"older")


async def test_a_referrer_of_cosigns_own_type_has_signatures_for_layers(fake_registry, network, signed):
    digest = fake_registry.manifest(
        [simple(fake_registry, 1), simple(fake_registry, 2)], artifactType=COSIGN, subject=signed
    )
    fake_registry.refer(digest, COSIGN)

    signature = (await found(fake_registry, network, signed))[1]

    assert signature.format is SignatureFormat.COSIGN
    assert signature.where == f"referrer {digest} layer 2"
    assert signature.payload == b'{"critical": 2}'


async def test_signatures_of_all_places_come_together(fake_registry, network, signed):
    classic(fake_registry, signed)
    bundle(fake_registry, signed, b"{}")
    bundle(fake_registry, signed, b"[]")

    assert [each.format for each in await found(fake_registry, network, signed)] == ["cosign", "bundle", "bundle"]


async def test_referrers_of_other_types_are_not_asked_for(fake_registry, network, signed):
    other = fake_registry.manifest([], artifactType="application/spdx+json", subject=signed)
    fake_registry.refer(other, "application/spdx+json")

    assert await found(fake_registry, network, signed) == ()
    assert not any(str(other) in path for path in fake_registry.paths("GET"))


async def test_a_referrer_that_is_listed_twice_is_one(fake_registry, network, signed):
    fake_registry.refer(bundle(fake_registry, signed), BUNDLE)

    assert len(await found(fake_registry, network, signed)) == 1


async def test_all_pages_of_referrers_count(fake_registry, network, signed):
    bundle(fake_registry, signed, b"1")
    bundle(fake_registry, signed, b"2")
    one, two = fake_registry.referrers
    fake_registry.page("/referrers/", 1, body=index([one]), link=f'<./{signed}?page=2>; rel="next"', media_type=INDEX)
    fake_registry.page("/referrers/", 2, body=index([two]), media_type=INDEX)

    assert [each.payload for each in await found(fake_registry, network, signed)] == [b"1", b"2"]


# --- a registry without the referrers API ---------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_where_there_is_no_referrers_api_the_fallback_tag_is_read(fake_registry, network, algorithm):
    signed = Digest.of(b"signed", algorithm)
    bundle(fake_registry, signed)
    listed, fake_registry.referrers = fake_registry.referrers, None
    fake_registry.document(index(listed), tag=f"{algorithm}-{signed.hex[:64]}", media_type=INDEX)

    assert [each.payload for each in await found(fake_registry, network, signed)] == [b'{"bundle": 1}']


async def test_no_tag_of_cosign_is_asked_for_of_a_digest_that_is_too_long_for_one(fake_registry, network):
    signed = Digest.of(b"signed", "sha512")
    bundle(fake_registry, signed)

    assert [each.payload for each in await found(fake_registry, network, signed)] == [b'{"bundle": 1}']
    assert [path for path in fake_registry.paths("GET") if path.endswith(".sig")] == []


async def test_where_there_is_an_api_the_fallback_tag_says_nothing(fake_registry, network, signed):
    bundle(fake_registry, signed)
    fake_registry.document(index(fake_registry.referrers), tag=f"sha256-{signed.hex}", media_type=INDEX)
    fake_registry.referrers = []

    assert await found(fake_registry, network, signed) == ()


async def test_a_fallback_tag_that_is_not_an_index_is_an_unreadable_signature_and_not_none(
    fake_registry, network, signed
):
    fake_registry.referrers = None
    fake_registry.manifest([], tag=f"sha256-{signed.hex}", artifactType="application/vnd.example")

    (signature,) = await found(fake_registry, network, signed)

    assert signature.payload == b""
    assert "(ArtifactUnsupported)" in signature.unread


# --- what is never "unsigned" ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", [True, False], ids=["referrers API", "fallback tag"])
async def test_only_404_everywhere_is_unsigned(fake_registry, network, signed, api):
    fake_registry.referrers = [] if api else None

    assert await found(fake_registry, network, signed) == ()


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


def everywhere(fake_registry: FakeRegistry, signed: Digest, *, place: str) -> None:
    """Sign in such a way that ``place`` is asked."""
    if "-[0-9a-f]" in place:
        fake_registry.referrers = None
    else:
        classic(fake_registry, signed)
        bundle(fake_registry, signed)


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
async def test_a_registry_that_does_not_tell_is_never_unsigned(
    fake_registry, network, signed, place, status, kind, reason
):
    everywhere(fake_registry, signed, place=place)
    fake_registry.answer("GET", place, status=status)

    with pytest.raises(kind) as failure:
        await found(fake_registry, network, signed)

    assert failure.value.reason is reason


@PLACES
async def test_a_registry_that_does_not_answer_is_never_unsigned(fake_registry, network, signed, place):
    everywhere(fake_registry, signed, place=place)
    fake_registry.on("GET", place, hang)

    with pytest.raises(Transient):
        await found(fake_registry, network, signed, timeouts=Timeouts(headers=0.2))


@PLACES
async def test_a_404_of_a_host_that_we_were_sent_to_is_never_unsigned(fake_registry, network, signed, place):
    everywhere(fake_registry, signed, place=place)
    fake_registry.redirect(place, f"{fake_registry.elsewhere}/nowhere")

    with pytest.raises(Transient):
        await found(fake_registry, network, signed)


@pytest.mark.parametrize("place", [r"\.sig$", "/referrers/", "/manifests/sha256-[0-9a-f]{64}$"])
async def test_a_404_of_a_page_that_the_registry_sends_to_is_never_unsigned(fake_registry, network, signed, place):
    if "{64}" in place:
        fake_registry.referrers = None
    fake_registry.redirect(place, "/login?next=x")

    with pytest.raises(Transient):
        await found(fake_registry, network, signed)


async def test_a_404_of_the_token_service_is_never_unsigned(fake_registry, network, signed):
    bearer(fake_registry)
    fake_registry.answer("GET", "^/token$", status=404)

    assert (await refusal(fake_registry, network, signed)).reason is Reason.AUTHENTICATION_REQUIRED
    with pytest.raises(Stalled):
        await found(fake_registry, network, signed, credential=ALICE)


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
async def test_a_list_of_referrers_that_is_none_is_never_empty(fake_registry, network, signed, body, media_type):
    fake_registry.answer("GET", "/referrers/", body=body, headers={"Content-Type": media_type})

    assert (await refusal(fake_registry, network, signed)).reason is Reason.ARTIFACT_UNSUPPORTED


async def test_a_list_of_referrers_that_ends_in_the_middle_is_tried_again_later(fake_registry, network, signed):
    bundle(fake_registry, signed)
    fake_registry.answer("GET", "/referrers/gone", status=404)
    fake_registry.page(
        "/referrers/sha256", 1, body=index(fake_registry.referrers), link='<gone>; rel="next"', media_type=INDEX
    )

    with pytest.raises(Transient) as failure:
        await found(fake_registry, network, signed)

    assert "a page of it is gone" in failure.value.message


# --- what cannot be read hides nothing ------------------------------------------------------------------------------


def unreadable(fake_registry: FakeRegistry, signed: Digest, how: str) -> str:
    """Add a referrer that cannot be read, and tell what is to be said of it."""
    digest = bundle(fake_registry, signed, b"bad")
    media_type, body = fake_registry.manifests[str(digest)]
    match how:
        case "gone":
            del fake_registry.manifests[str(digest)]
            return "ArtifactNotFound"
        case "tampered":
            fake_registry.manifests[str(digest)] = (media_type, body + b" ")
            return "DigestMismatch"
        case "index":
            fake_registry.manifests[str(digest)] = (INDEX, body)
            return "ArtifactUnsupported"
        case "blob gone":
            del fake_registry.blobs[sha256(b"bad")]
            return "ArtifactNotFound"
        case "blob tampered":
            fake_registry.blobs[sha256(b"bad")] = b"BAD"
            return "DigestMismatch"
        case "blob longer":
            fake_registry.blobs[sha256(b"bad")] = b"bad!"
            return "SizeMismatch"
    raise AssertionError(how)


@pytest.mark.parametrize("how", ["gone", "tampered", "index", "blob gone", "blob tampered", "blob longer"])
async def test_one_unreadable_signature_hides_no_other_and_is_handed_on(fake_registry, network, signed, how):
    classic(fake_registry, signed)
    says = unreadable(fake_registry, signed, how)
    bundle(fake_registry, signed, b"good")

    bad, good = sorted((await found(fake_registry, network, signed))[1:], key=lambda each: each.payload)

    assert good.payload == b"good"
    assert bad.payload == b""
    assert bad.format is SignatureFormat.BUNDLE
    assert bad.unread == f"the registry does not have what its manifest says ({says})"


async def test_a_referrer_that_cannot_be_read_is_of_the_format_that_it_is_listed_with(fake_registry, network, signed):
    fake_registry.refer(Digest.of(b"gone"), COSIGN)

    (bad,) = await found(fake_registry, network, signed)

    assert (bad.format, bad.payload) == (SignatureFormat.COSIGN, b"")


async def test_cosigns_tag_that_cannot_be_read_hides_no_referrer(fake_registry, network, signed):
    fake_registry.document(b"no manifest", tag=tag_of(signed))
    bundle(fake_registry, signed, b"good")

    bad, good = await found(fake_registry, network, signed)

    assert (bad.format, bad.payload, bad.where) == ("cosign", b"", tag_of(signed))
    assert "(ArtifactUnsupported)" in bad.unread
    assert good.payload == b"good"


async def test_a_layer_larger_than_any_signature_is_not_asked_for(fake_registry, network, signed):
    large = {"mediaType": SIMPLE_SIGNING, "digest": sha256(b"large"), "size": MAX_SIGNATURE_BLOB + 1}
    classic(fake_registry, signed, large, simple(fake_registry))

    bad, good = await found(fake_registry, network, signed)

    assert (bad.payload, good.payload) == (b"", b'{"critical": 1}')
    assert "bytes, and at most" in bad.unread
    assert not any(large["digest"] in path for path in fake_registry.paths("GET"))


async def test_a_layer_as_large_as_a_signature_may_be_is_read(fake_registry, network, signed):
    content = b"x" * MAX_SIGNATURE_BLOB
    classic(fake_registry, signed, fake_registry.blob(content, SIMPLE_SIGNING))

    (signature,) = await found(fake_registry, network, signed)

    assert signature.payload == content


@pytest.mark.parametrize("subject", ["another", "none"])
async def test_a_referrer_of_another_artifact_is_not_one_of_this(fake_registry, network, signed, subject):
    other = Digest.of(b"other")
    digest = fake_registry.manifest(
        [fake_registry.blob(b"stolen", BUNDLE)], artifactType=BUNDLE, subject=other if subject == "another" else None
    )
    fake_registry.refer(digest, BUNDLE)

    (signature,) = await found(fake_registry, network, signed)

    assert signature.payload == b""
    assert signature.unread == "it refers to another artifact"
    assert not any("/blobs/" in path for path in fake_registry.paths("GET"))


@pytest.mark.parametrize("layers", [[], [BUNDLE, BUNDLE], [SIMPLE_SIGNING], [BUNDLE, "text/plain"]], ids=len)
async def test_a_referrer_that_has_not_exactly_one_bundle_is_not_read(fake_registry, network, signed, layers):
    made = [fake_registry.blob(media_type.encode() + bytes([n]), media_type) for n, media_type in enumerate(layers)]
    fake_registry.refer(fake_registry.manifest(made, artifactType=BUNDLE, subject=signed), BUNDLE)

    (signature,) = await found(fake_registry, network, signed)

    assert signature.payload == b""
    assert "exactly one layer" in signature.unread


# --- how many -------------------------------------------------------------------------------------------------------


async def test_as_many_signatures_as_are_tried_are_found(fake_registry, network, signed):
    classic(fake_registry, signed, *(simple(fake_registry, number) for number in range(MAX_SIGNATURES)))

    assert len(await found(fake_registry, network, signed)) == MAX_SIGNATURES


async def test_of_more_layers_than_are_tried_the_first_are_read_and_the_rest_is_said(fake_registry, network, signed):
    classic(fake_registry, signed, *(simple(fake_registry, number) for number in range(MAX_SIGNATURES + 1)))

    error = await refusal(fake_registry, network, signed)

    assert error.reason is Reason.TOO_MANY_SIGNATURES
    assert "remove those that are not needed" in error.message
    assert len([path for path in fake_registry.paths("GET") if "/blobs/" in path]) == MAX_SIGNATURES


async def test_signatures_that_are_large_together_are_not_all_read(fake_registry, network, signed):
    large = MAX_SIGNATURE_BLOB // 2
    for number in range(2 * MAX_SIGNATURES_SIZE // large):
        bundle(fake_registry, signed, b"%d" % number + b" " * (large - 10))

    error = await refusal(fake_registry, network, signed)

    assert error.reason is Reason.TOO_MANY_SIGNATURES
    assert f"more than {MAX_SIGNATURES_SIZE} bytes" in error.message
    read = sum(
        len(fake_registry.blobs[path.rpartition("/")[2]]) for path in fake_registry.paths("GET") if "/blobs/" in path
    )
    assert read <= MAX_SIGNATURES_SIZE + large  # the one that shows that it is a signature as well


async def test_a_referrer_whose_manifest_is_larger_than_any_hides_no_other(fake_registry, network, signed):
    bundle(fake_registry, signed)
    large = fake_registry.manifest(
        [fake_registry.blob(b"{}", BUNDLE)],
        artifactType=BUNDLE,
        subject=signed,
        annotations={"k": "v" * MAX_REFERRER_MANIFEST},
    )
    fake_registry.refer(large, BUNDLE)

    payloads = [each.payload for each in await found(fake_registry, network, signed)]

    assert sorted(payloads) == [b"", b'{"bundle": 1}']


async def test_more_referrers_than_are_tried_are_said_beside_those_that_are(fake_registry, network, signed):
    for number in range(MAX_SIGNATURES + 1):
        bundle(fake_registry, signed, b"%d" % number)

    fetched = await fetch_signatures(signed, registry=client(fake_registry, network))

    assert len(fetched.signatures) == MAX_SIGNATURES
    assert [failure.reason for failure in fetched.failures] == [Reason.TOO_MANY_SIGNATURES]


async def test_the_layers_of_all_places_count_together_before_they_are_read(fake_registry, network, signed):
    each = MAX_SIGNATURES // 2
    for place in range(8):
        layers = [simple(fake_registry, 100 * place + number) for number in range(each)]
        fake_registry.refer(fake_registry.manifest(layers, artifactType=COSIGN, subject=signed), COSIGN)

    assert (await refusal(fake_registry, network, signed)).reason is Reason.TOO_MANY_SIGNATURES
    assert len([path for path in fake_registry.paths("GET") if "/blobs/" in path]) <= MAX_SIGNATURES


async def test_more_entries_than_are_looked_at_are_refused(fake_registry, network, signed):
    for number in range(MAX_REFERRERS + 2):
        fake_registry.refer(Digest.of(b"%d" % number), BUNDLE)
    half, other = (
        index(fake_registry.referrers[: MAX_REFERRERS // 2]),
        index(fake_registry.referrers[MAX_REFERRERS // 2 :]),
    )
    fake_registry.page("/referrers/", 1, body=half, link=f'<./{signed}?page=2>; rel="next"', media_type=INDEX)
    fake_registry.page("/referrers/", 2, body=other, media_type=INDEX)

    assert (await refusal(fake_registry, network, signed)).reason is Reason.TOO_MANY_SIGNATURES
    assert len([path for path in fake_registry.paths("GET") if "/manifests/sha256:" in path]) == MAX_REFERRERS


@pytest.mark.parametrize(
    ("number", "failures"), [(MAX_REFERRERS, []), (MAX_REFERRERS + 1, [Reason.TOO_MANY_SIGNATURES])]
)
async def test_one_more_referrer_than_is_looked_at_is_said(fake_registry, network, signed, number, failures):
    fake_registry.answer("GET", "/manifests/sha256:", status=404)
    for each in range(number):
        fake_registry.refer(Digest.of(b"%d" % each), BUNDLE)

    fetched = await fetch_signatures(signed, registry=client(fake_registry, network))

    assert [failure.reason for failure in fetched.failures] == failures


async def test_more_pages_than_are_read_are_refused(fake_registry, network, signed):
    for number in range(1, MAX_REFERRER_PAGES + 2):
        fake_registry.page(
            "/referrers/", number, body=index([]), link=f'<./{signed}?page={number + 1}>; rel="next"', media_type=INDEX
        )

    assert (await refusal(fake_registry, network, signed)).reason is Reason.ARTIFACT_TOO_LARGE


# --- what never counts ----------------------------------------------------------------------------------------------

SBOM = "application/spdx+json"
TYPES = ["", "application/vnd.oci.empty.v1+json", "application/vnd.oci.image.config.v1+json", None]


def attestation(fake_registry: FakeRegistry, signed: Digest, number: int, *, size: int = 0, **more) -> Digest:
    """A bundle as the attestation of a build has it."""
    statement = {"predicateType": "https://slsa.dev/provenance/v1", "n": number, "pad": " " * size}
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    return bundle(fake_registry, signed, json.dumps({"dsseEnvelope": {"payload": payload}}).encode(), **more)


async def fetched(fake_registry: FakeRegistry, network, signed: Digest, **more) -> FetchedSignatures:
    return await fetch_signatures(signed, registry=client(fake_registry, network, **more))


async def test_reports_and_sboms_beside_a_signature_count_for_nothing(fake_registry, network, signed):
    for number in range(2 * MAX_REFERRERS):
        fake_registry.refer(Digest.of(b"%d" % number), (SBOM, "application/sarif+json")[number % 2])
    bundle(fake_registry, signed)

    assert [each.payload for each in await found(fake_registry, network, signed)] == [b'{"bundle": 1}']


@pytest.mark.parametrize("listed", TYPES)
async def test_reports_that_are_listed_without_a_type_count_for_nothing(fake_registry, network, signed, listed):
    for number in range(2 * MAX_SIGNATURES):
        fake_registry.refer(
            fake_registry.manifest([], artifactType=SBOM, subject=signed, annotations={"n": str(number)}), SBOM
        )
    bundle(fake_registry, signed)
    for entry in fake_registry.referrers:
        entry["artifactType"] = listed

    assert [each.payload for each in await found(fake_registry, network, signed)] == [b'{"bundle": 1}']


@pytest.mark.parametrize("hint", [{}, {"annotations": {PREDICATE_HINT: "https://slsa.dev/provenance/v1"}}])
async def test_attestations_beside_a_signature_are_marked_few_and_count_for_nothing(
    fake_registry, network, signed, hint
):
    for number in range(MAX_SIGNATURES + 10):
        attestation(fake_registry, signed, number, **hint)
    bundle(fake_registry, signed)

    got = await fetched(fake_registry, network, signed)

    assert [each.payload for each in got.signatures if not each.attestation] == [b'{"bundle": 1}']
    assert len(got.signatures) == 1 + MAX_ATTESTATIONS
    assert got.failures == ()


async def test_attestations_are_not_counted_by_their_size(fake_registry, network, signed):
    for number in range(2 * MAX_SIGNATURES_SIZE // (MAX_SIGNATURE_BLOB // 2)):
        attestation(fake_registry, signed, number, size=MAX_SIGNATURE_BLOB // 3)
    bundle(fake_registry, signed)

    got = await fetched(fake_registry, network, signed)

    assert [each.payload for each in got.signatures if not each.attestation] == [b'{"bundle": 1}']
    assert got.failures == ()


async def test_among_more_attestations_than_are_looked_at_the_signature_is_found(fake_registry, network, signed):
    for number in range(MAX_REFERRERS + 5):
        fake_registry.refer(Digest.of(b"%d" % number), BUNDLE)
        fake_registry.referrers[-1]["annotations"] = {PREDICATE_HINT: "https://slsa.dev/provenance/v1"}
    bundle(fake_registry, signed)

    got = await fetched(fake_registry, network, signed)

    assert b'{"bundle": 1}' in [each.payload for each in got.signatures]
    assert got.failures == ()


async def test_what_says_that_it_is_no_signature_is_read_last_and_what_says_that_it_is_one_first(
    fake_registry, network, signed
):
    for number, hint in enumerate((ATTESTED, "", SIGNATURE_PREDICATE)):
        bundle(fake_registry, signed, b"%d" % number, annotations={PREDICATE_HINT: hint})

    assert [each.payload for each in await found(fake_registry, network, signed)] == [b"2", b"1", b"0"]


async def test_referrers_that_are_gone_take_no_place_of_a_signature(fake_registry, network, signed):
    for number in range(2 * MAX_SIGNATURES):
        fake_registry.refer(Digest.of(b"%d" % number), BUNDLE)
    bundle(fake_registry, signed)

    payloads = [each.payload for each in await found(fake_registry, network, signed)]

    assert payloads[0] == b'{"bundle": 1}'
    assert set(payloads[1:]) == {b""}


@pytest.mark.parametrize("listed", TYPES)
async def test_a_referrer_that_is_listed_without_a_type_is_what_its_manifest_says(
    fake_registry, network, signed, listed
):
    bundle(fake_registry, signed, b"1")
    fake_registry.refer(fake_registry.manifest([simple(fake_registry, 2)], artifactType=COSIGN, subject=signed), COSIGN)
    fake_registry.refer(
        fake_registry.manifest(
            [fake_registry.blob(b"stolen", BUNDLE)], artifactType=BUNDLE, subject=Digest.of(b"other")
        ),
        BUNDLE,
    )
    for entry in fake_registry.referrers:
        entry["artifactType"] = listed

    assert [each.payload for each in await found(fake_registry, network, signed)] == [b"1", b'{"critical": 2}', b""]


@pytest.mark.parametrize("artifact_type", ["", "application/vnd.oci.empty.v1+json", "application/json"])
async def test_a_manifest_that_does_not_say_its_type_is_what_its_layers_are(
    fake_registry, network, signed, artifact_type
):
    made = [
        fake_registry.manifest([fake_registry.blob(b"1", BUNDLE)], artifactType=artifact_type, subject=signed),
        fake_registry.manifest(
            [simple(fake_registry, 2), simple(fake_registry, 3)], artifactType=artifact_type, subject=signed
        ),
        fake_registry.manifest([fake_registry.blob(b"x", "text/plain")], artifactType=artifact_type, subject=signed),
        fake_registry.manifest(
            [simple(fake_registry, 4), fake_registry.blob(b"y", BUNDLE)], artifactType=artifact_type, subject=signed
        ),
        fake_registry.manifest([], artifactType=artifact_type, subject=signed),
        fake_registry.manifest([fake_registry.blob(b"z", BUNDLE)], artifactType=SBOM, subject=signed),
    ]
    for digest in made:
        fake_registry.refer(digest, artifact_type)

    payloads = [each.payload for each in await found(fake_registry, network, signed)]

    assert payloads == [b"1", b'{"critical": 2}', b'{"critical": 3}']


async def test_layers_that_are_bundles_in_every_spelling_are_called_a_signature_although_they_are_too_many(
    fake_registry, network, signed
):
    layers = [fake_registry.blob(each.encode(), each) for each in (BUNDLE, OLDER_SPELLING)]
    fake_registry.refer(fake_registry.manifest(layers, artifactType="", subject=signed), "")

    (bad,) = await found(fake_registry, network, signed)

    assert (bad.format, bad.payload) == (SignatureFormat.BUNDLE, b"")


@pytest.mark.parametrize("how", ["gone", "index", "larger than any"])
async def test_a_referrer_that_nobody_calls_a_signature_and_is_none_is_passed_over(fake_registry, network, signed, how):
    digest = bundle(
        fake_registry, signed, b"1", annotations={"k": "v" * (MAX_REFERRER_MANIFEST if "larger" in how else 1)}
    )
    fake_registry.referrers[0]["artifactType"] = ""
    if how == "gone":
        del fake_registry.manifests[str(digest)]
    if how == "index":
        fake_registry.manifests[str(digest)] = (INDEX, fake_registry.manifests[str(digest)][1])

    assert await found(fake_registry, network, signed) == ()


async def test_a_referrer_that_nobody_calls_a_signature_and_was_changed_is_not_nothing(fake_registry, network, signed):
    digest = bundle(fake_registry, signed)
    fake_registry.referrers[0]["artifactType"] = ""
    media_type, body = fake_registry.manifests[str(digest)]
    fake_registry.manifests[str(digest)] = (media_type, body + b" ")

    assert "(DigestMismatch)" in (await found(fake_registry, network, signed))[0].unread


# --- a tag that is read as the digest -------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["sha256-{hex}", "sha256-{hex}.sig"])
@pytest.mark.parametrize("kind", ["manifest", "index"])
async def test_a_tag_that_is_the_artifact_itself_holds_no_signature(fake_registry, network, tag, kind):
    fake_registry.referrers = None
    listed = fake_registry.manifest([fake_registry.blob(b"stolen", BUNDLE)], artifactType=BUNDLE)
    entry = {"mediaType": OCI, "digest": str(listed), "size": 1, "artifactType": BUNDLE}
    made = (
        fake_registry.manifest([], tag="1.0")
        if kind == "manifest"
        else fake_registry.document(index([entry]), media_type=INDEX)
    )
    fake_registry.manifests[tag.format(hex=made.hex)] = fake_registry.manifests[str(made)]

    assert await found(fake_registry, network, made) == ()


# --- what cannot be asked hides nothing -----------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["/referrers/", r"\.sig$", "/manifests/sha256:", "/blobs/"])
@pytest.mark.parametrize("status", [401, 403, 429, 503])
async def test_a_place_that_does_not_tell_hides_no_other(fake_registry, network, signed, place, status):
    classic(fake_registry, signed)
    bundle(fake_registry, signed, b"1")
    bundle(fake_registry, signed, b"2")
    bad = str(bundle(fake_registry, signed, b"3"))
    pattern = {"/manifests/sha256:": bad, "/blobs/": sha256(b"3")}.get(place, place)
    fake_registry.answer("GET", pattern, status=status)

    got = await fetched(fake_registry, network, signed)

    assert len(got.failures) == 1
    assert len([each for each in got.signatures if each.payload]) == (1 if place == "/referrers/" else 3)


async def test_a_place_that_hangs_hides_no_other(fake_registry, network, signed):
    classic(fake_registry, signed)
    bundle(fake_registry, signed)
    fake_registry.on("GET", "/referrers/", hang)
    fake_registry.on("GET", "/manifests/sha256-[0-9a-f]+$", hang)

    got = await fetched(fake_registry, network, signed, timeouts=Timeouts(headers=5.0, lookup=0.5))

    assert [each.payload for each in got.signatures] == [b'{"critical": 1}']
    assert [type(failure) for failure in got.failures] == [Transient, Transient]


async def test_the_pages_before_one_that_fails_count(fake_registry, network, signed):
    bundle(fake_registry, signed)
    fake_registry.answer("GET", "/referrers/next", status=503)
    fake_registry.page(
        "/referrers/sha256", 1, body=index(fake_registry.referrers), link='<next>; rel="next"', media_type=INDEX
    )

    got = await fetched(fake_registry, network, signed)

    assert [each.payload for each in got.signatures] == [b'{"bundle": 1}']
    assert [failure.reason for failure in got.failures] == [Reason.REGISTRY_UNAVAILABLE]


async def test_a_page_and_a_fallback_tag_that_both_fail_are_both_said(fake_registry, network, signed):
    bundle(fake_registry, signed)
    fake_registry.page(
        "/referrers/", 1, body=index(fake_registry.referrers), link=f'<./{signed}?page=2>; rel="next"', media_type=INDEX
    )
    fake_registry.page("/referrers/", 2, body=b"nonsense", media_type=INDEX)
    fake_registry.answer("GET", f"/manifests/sha256-{signed.hex}$", status=429)

    fetched = await fetch_signatures(signed, registry=client(fake_registry, network))

    assert [each.payload for each in fetched.signatures] == [b'{"bundle": 1}']
    assert [failure.reason for failure in fetched.failures] == [
        Reason.ARTIFACT_UNSUPPORTED,
        Reason.REGISTRY_THROTTLED,
    ]


@pytest.mark.parametrize(
    ("others", "mine"),
    [
        pytest.param((BUNDLE, ""), (BUNDLE, SIGNATURE_PREDICATE), id="called a signature, among bundles"),
        pytest.param(("", ""), (BUNDLE, ""), id="called a bundle, among what nobody calls anything"),
        pytest.param(("", ATTESTED), ("", ""), id="called nothing, among attestations"),
    ],
)
async def test_of_too_many_referrers_the_likeliest_are_looked_at(fake_registry, network, signed, others, mine):
    for number in range(MAX_REFERRERS):
        fake_registry.refer(Digest.of(b"%d" % number), others[0])
        fake_registry.referrers[-1]["annotations"] = {PREDICATE_HINT: others[1]}
    bundle(fake_registry, signed)
    fake_registry.referrers[-1].update(artifactType=mine[0], annotations={PREDICATE_HINT: mine[1]})

    fetched = await fetch_signatures(signed, registry=client(fake_registry, network))

    assert b'{"bundle": 1}' in [each.payload for each in fetched.signatures]


async def test_a_registry_that_fails_for_each_referrer_is_not_asked_for_all(fake_registry, network, signed):
    for number in range(2 * MAX_SIGNATURES):
        bundle(fake_registry, signed, b"%d" % number)
    fake_registry.answer("GET", "/manifests/sha256:", status=503)

    got = await fetched(fake_registry, network, signed)

    assert got.failures[0].reason is Reason.REGISTRY_UNAVAILABLE
    assert len([path for path in fake_registry.paths("GET") if "/manifests/sha256:" in path]) < 20


# --- attestations, and lists that say something else -----------------------------------------------------------------

ATTESTED_ELSE = "https://example.org/scan/v1"
DSSE = "application/vnd.dsse.envelope.v1+json"
IN_TOTO = "application/vnd.in-toto+json"


def envelope(number: int, predicate: str = ATTESTED) -> bytes:
    payload = base64.b64encode(json.dumps({"predicateType": predicate, "n": number}).encode()).decode()
    return json.dumps({"payload": payload, "payloadType": IN_TOTO}).encode()


def tag_list(fake_registry: FakeRegistry, signed: Digest) -> None:
    """Let there be no referrers API, and what was referred be listed under the fallback tag."""
    listed, fake_registry.referrers = fake_registry.referrers, None
    assert listed is not None
    fake_registry.document(index(listed), tag=f"sha256-{signed.hex}", media_type=INDEX)


def referrer(fake_registry: FakeRegistry, signed: Digest, number: int, *, said: str, listed: str) -> None:
    manifest = fake_registry.manifest([], artifactType=said, subject=signed, annotations={"n": str(number)})
    fake_registry.refer(manifest, listed)


def manifests_asked(fake_registry: FakeRegistry) -> int:
    return len([path for path in fake_registry.paths("GET") if "/manifests/sha256:" in path])


async def test_a_signature_that_a_tag_lists_as_something_else_is_found(fake_registry, network, signed):
    for number in range(5):
        referrer(fake_registry, signed, number, said=SBOM, listed=SBOM)
    bundle(fake_registry, signed)
    fake_registry.referrers[-1]["artifactType"] = SBOM
    tag_list(fake_registry, signed)

    assert [each.payload for each in await found(fake_registry, network, signed)] == [b'{"bundle": 1}']


async def test_what_a_list_calls_a_signature_and_says_itself_that_it_is_none_is_none(fake_registry, network, signed):
    referrer(fake_registry, signed, 1, said=SBOM, listed=BUNDLE)
    referrer(fake_registry, signed, 2, said="application/sarif+json", listed=COSIGN)
    tag_list(fake_registry, signed)

    assert await found(fake_registry, network, signed) == ()


@pytest.mark.parametrize("api", [True, False], ids=["referrers API", "fallback tag"])
async def test_hundreds_of_sboms_cost_a_bounded_number_of_requests(fake_registry, network, signed, api):
    for number in range(400):
        referrer(fake_registry, signed, number, said=SBOM, listed=SBOM)
    bundle(fake_registry, signed)
    if not api:
        tag_list(fake_registry, signed)

    got = await fetched(fake_registry, network, signed)

    assert [each.payload for each in got.signatures] == [b'{"bundle": 1}']
    assert got.failures == ()
    assert manifests_asked(fake_registry) == 1 + (0 if api else MAX_UNLIKELY_REFERRERS)
    assert got.passed_over == (0 if api else 400 - MAX_UNLIKELY_REFERRERS)


@pytest.mark.parametrize("listed", [True, False], ids=["hint in the list", "hint in the manifest"])
async def test_hundreds_of_attestations_that_nobody_asks_for_cost_few_requests(fake_registry, network, signed, listed):
    for number in range(200):
        attestation(fake_registry, signed, number, annotations={PREDICATE_HINT: ATTESTED})
        if listed:
            fake_registry.referrers[-1]["annotations"] = {PREDICATE_HINT: ATTESTED}
    bundle(fake_registry, signed)

    got = await fetched(fake_registry, network, signed)

    assert [each.payload for each in got.signatures if not each.attestation] == [b'{"bundle": 1}']
    assert got.passed_over == 200 - MAX_UNLIKELY_REFERRERS
    assert len([path for path in fake_registry.paths("GET") if "/blobs/" in path]) == 1 + MAX_UNLIKELY_REFERRERS
    assert manifests_asked(fake_registry) == 1 + (MAX_UNLIKELY_REFERRERS if listed else 200)


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3"])
async def test_bundles_of_older_types_are_found_by_the_type_that_names_their_version(
    fake_registry, network, signed, version
):
    spelled = f"application/vnd.dev.sigstore.bundle+json;version={version}"
    layer = fake_registry.blob(b"old", spelled)
    fake_registry.refer(fake_registry.manifest([layer], artifactType=spelled, subject=signed), spelled)

    (signature,) = await found(fake_registry, network, signed)

    assert (signature.format, signature.media_type, signature.payload) == (SignatureFormat.BUNDLE, spelled, b"old")


async def test_attestations_that_are_asked_for_are_found_among_others(fake_registry, network, signed):
    for number in range(40):
        attestation(fake_registry, signed, number, annotations={PREDICATE_HINT: ATTESTED_ELSE})
    asked = [attestation(fake_registry, signed, number) for number in range(100, 100 + MAX_ASKED_ATTESTATIONS // 2)]
    bundle(fake_registry, signed)

    got = await fetch_signatures(signed, registry=client(fake_registry, network), predicates={ATTESTED})

    where = [each.where for each in got.signatures if each.predicate_type == ATTESTED]
    assert where[: len(asked)] == [f"referrer {digest}" for digest in asked]
    assert b'{"bundle": 1}' in [each.payload for each in got.signatures if not each.attestation]


async def test_more_attestations_than_are_tried_are_said_and_hide_no_signature(fake_registry, network, signed):
    for number in range(MAX_ASKED_ATTESTATIONS + 1):
        attestation(fake_registry, signed, number)
    bundle(fake_registry, signed)

    got = await fetch_signatures(signed, registry=client(fake_registry, network), predicates={ATTESTED})

    assert b'{"bundle": 1}' in [each.payload for each in got.signatures if not each.attestation]
    assert len([each for each in got.signatures if each.attestation]) == MAX_ASKED_ATTESTATIONS
    assert [each.reason for each in got.failures] == [Reason.TOO_MANY_SIGNATURES]
    assert "attestations of the types that are asked for" in got.failures[0].message


def attested_by_tag(fake_registry: FakeRegistry, signed: Digest, *layers: dict[str, Any]) -> None:
    fake_registry.manifest(layers, tag=f"sha256-{signed.hex}.att")


async def test_the_tag_of_attestations_is_read_where_they_are_asked_for(fake_registry, network, signed):
    attested_by_tag(
        fake_registry,
        signed,
        fake_registry.blob(envelope(1, ATTESTED_ELSE), DSSE, annotations={"predicateType": ATTESTED_ELSE}),
        fake_registry.blob(b"{}", SBOM),
        fake_registry.blob(envelope(2), DSSE, annotations={"predicateType": ATTESTED, SIGNATURE: "sig"}),
    )

    got = await fetch_signatures(signed, registry=client(fake_registry, network), predicates={ATTESTED})

    assert [(each.format, each.where.partition(".att")[2], each.predicate_type) for each in got.signatures] == [
        (SignatureFormat.COSIGN, " layer 3", ATTESTED),
        (SignatureFormat.COSIGN, " layer 1", ATTESTED_ELSE),
    ]
    assert got.signatures[0].annotations[SIGNATURE] == "sig"
    assert got.signatures[0].payload == envelope(2)


async def test_the_tag_of_attestations_is_not_asked_for_without_need(fake_registry, network, signed):
    attested_by_tag(fake_registry, signed, fake_registry.blob(envelope(1), DSSE))

    assert await found(fake_registry, network, signed) == ()
    assert not any(".att" in path for path in fake_registry.paths("GET"))


async def test_hundreds_of_other_attestations_under_the_tag_are_not_all_read(fake_registry, network, signed):
    others = [
        fake_registry.blob(envelope(number, ATTESTED_ELSE), DSSE, annotations={"predicateType": ATTESTED_ELSE})
        for number in range(300)
    ]
    attested_by_tag(fake_registry, signed, *others, fake_registry.blob(envelope(1), DSSE))

    got = await fetch_signatures(signed, registry=client(fake_registry, network), predicates={ATTESTED})

    assert got.signatures[0].predicate_type == ATTESTED
    assert got.passed_over == 300 - MAX_UNLIKELY_REFERRERS
    assert len([path for path in fake_registry.paths("GET") if "/blobs/" in path]) == 1 + MAX_UNLIKELY_REFERRERS


async def test_a_tag_of_attestations_that_cannot_be_asked_is_not_an_absence(fake_registry, network, signed):
    fake_registry.answer("GET", r"\.att$", status=503)

    got = await fetch_signatures(signed, registry=client(fake_registry, network), predicates={ATTESTED})

    assert [each.reason for each in got.failures] == [Reason.REGISTRY_UNAVAILABLE]


@pytest.mark.parametrize("kind", [DSSE, IN_TOTO])
async def test_envelopes_that_others_attach_are_found_where_they_are_asked_for(fake_registry, network, signed, kind):
    layer = fake_registry.blob(envelope(1), DSSE)
    digest = fake_registry.manifest([layer], artifactType=kind, subject=signed)
    fake_registry.refer(digest, kind)

    got = await fetch_signatures(signed, registry=client(fake_registry, network), predicates={ATTESTED})

    assert [(each.format, each.where) for each in got.signatures] == [
        (SignatureFormat.COSIGN, f"referrer {digest} layer 1")
    ]
    assert await found(fake_registry, network, signed) == ()


async def test_a_bundle_that_is_attached_as_a_statement_is_a_bundle(fake_registry, network, signed):
    layer = fake_registry.blob(b"{}", BUNDLE)
    fake_registry.refer(fake_registry.manifest([layer], artifactType=IN_TOTO, subject=signed), IN_TOTO)

    got = await fetch_signatures(signed, registry=client(fake_registry, network), predicates={ATTESTED})

    assert [each.format for each in got.signatures] == [SignatureFormat.BUNDLE]


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
