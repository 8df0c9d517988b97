import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_LAYERS, MAX_MANIFEST, MAX_REGISTRY_VALUES
from pattern_operator.source.manifest import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Index,
    is_manifest,
    parse_index,
    parse_manifest,
)

DIGEST = Digest.of(b"x")
LAYER: dict[str, Any] = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": str(DIGEST), "size": 1}
CONFIG: dict[str, Any] = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": str(Digest.of(b"{}")), "size": 2}
MANIFEST = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": CONFIG, "layers": [LAYER]}
INDEX = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [{**LAYER, "mediaType": OCI_MANIFEST}]}

NAMES = st.sampled_from([*MANIFEST, *INDEX, *LAYER, "subject", "annotations", "artifactType", "Layers", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([OCI_MANIFEST, OCI_INDEX, str(DIGEST)]) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


def changed(document: dict[str, Any], **fields: object) -> bytes:
    """The document with other fields; None removes one."""
    return json.dumps({name: value for name, value in {**document, **fields}.items() if value is not None}).encode()


def refusal(content: bytes, **more: Any) -> Stalled:
    with pytest.raises(Stalled) as refused:
        parse_manifest(content, **more)
    return refused.value


# --- what is read ---------------------------------------------------------------------------------------------------


def test_everything_that_a_manifest_says_is_read():
    content = changed(
        MANIFEST,
        artifactType="application/vnd.example",
        annotations={"org.opencontainers.image.version": "1.0.0"},
        subject=CONFIG,
        layers=[{**LAYER, "annotations": {"org.opencontainers.image.title": "design.yml"}}],
    )

    manifest = parse_manifest(content, content_type=OCI_MANIFEST)

    assert manifest.media_type == OCI_MANIFEST
    assert manifest.config == Descriptor(CONFIG["mediaType"], Digest.of(b"{}"), 2)
    assert manifest.layers == (
        Descriptor(LAYER["mediaType"], DIGEST, 1, {"org.opencontainers.image.title": "design.yml"}),
    )
    assert manifest.artifact_type == "application/vnd.example"
    assert manifest.annotations == {"org.opencontainers.image.version": "1.0.0"}
    assert manifest.subject == manifest.config


@pytest.mark.parametrize(
    ("named", "content_type", "wanted"),
    [
        (OCI_MANIFEST, OCI_MANIFEST, OCI_MANIFEST),
        (DOCKER_MANIFEST, DOCKER_MANIFEST, DOCKER_MANIFEST),
        (None, OCI_MANIFEST, OCI_MANIFEST),
        (OCI_MANIFEST, "", OCI_MANIFEST),
        (None, "", OCI_MANIFEST),
        (OCI_MANIFEST, f"{OCI_MANIFEST.upper()}; charset=utf-8", OCI_MANIFEST),
    ],
)
def test_what_it_is_may_be_said_by_the_manifest_the_registry_or_both(named, content_type, wanted):
    assert parse_manifest(changed(MANIFEST, mediaType=named), content_type=content_type).media_type == wanted


@pytest.mark.parametrize("digest", [Digest.of(b"x", "sha256"), Digest.of(b"x", "sha512")], ids=["sha256", "sha512"])
def test_each_digest_that_is_registered_is_read(digest):
    assert parse_manifest(changed(MANIFEST, config={**CONFIG, "digest": str(digest)})).config.digest == digest


def test_unknown_fields_are_passed_over():
    assert parse_manifest(changed(MANIFEST, new="x", config={**CONFIG, "data": "e30=", "urls": []})).layers


# --- what could be read as two different things ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "content_type", "says"),
    [
        pytest.param(changed(MANIFEST, manifests=[]), "", "two different things", id="manifest and index"),
        pytest.param(changed(INDEX, layers=[]), "", "two different things", id="index and manifest"),
        pytest.param(changed(INDEX, config=CONFIG), "", "two different things", id="index with a config"),
        pytest.param(changed(MANIFEST, mediaType=OCI_INDEX), "", "not have that shape", id="called an index"),
        pytest.param(changed(INDEX, mediaType=OCI_MANIFEST), "", "not have that shape", id="called a manifest"),
        pytest.param(changed(MANIFEST, mediaType=None), OCI_INDEX, "not have that shape", id="served as an index"),
        pytest.param(changed(INDEX, mediaType=None), OCI_MANIFEST, "not have that shape", id="served as a manifest"),
        pytest.param(changed(MANIFEST), OCI_INDEX, "the registry calls it", id="served as another thing"),
        pytest.param(changed(MANIFEST), DOCKER_MANIFEST, "the registry calls it", id="served as another's manifest"),
        pytest.param(changed(MANIFEST, Layers=[LAYER]), "", "'Layers'", id="two spellings of layers"),
        pytest.param(changed(MANIFEST, MediaType=OCI_INDEX), "", "'MediaType'", id="two spellings of mediaType"),
        pytest.param(changed(MANIFEST, layers=None, LAYERS=[LAYER]), "", "'LAYERS'", id="another spelling"),
        pytest.param(changed(MANIFEST, config={**CONFIG, "Digest": "x"}), "", "'Digest'", id="in a descriptor"),
        *(
            pytest.param(changed(MANIFEST, **{name: {}}), "", f"{name!r}", id=f"{name} beside its right name")
            for name in ("Config", "Subject", "Annotations", "ArtifactType", "Manifests", "SchemaVersion")
        ),
        *(
            pytest.param(changed(MANIFEST, layers=[{**LAYER, name: None}]), "", f"{name!r}", id=f"{name} of a layer")
            for name in ("MediaType", "Size", "Annotations", "ArtifactType")
        ),
        pytest.param(changed(MANIFEST, layers=[{**LAYER, "\u017fize": 2}]), "", "ize", id="a long s, which folds to s"),
        pytest.param(changed(MANIFEST)[:-1] + b', "layers": []}', "", "same name twice", id="the same name twice"),
    ],
)
def test_what_could_be_read_as_two_different_things_is_refused(content, content_type, says):
    error = refusal(content, content_type=content_type, context="team/web@sha256:0a")

    assert error.reason is Reason.ARTIFACT_UNSUPPORTED
    assert error.message.startswith("team/web@sha256:0a ")
    assert says in error.message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "not valid JSON", id="nothing"),
        pytest.param(b"<html>", "not valid JSON", id="a page"),
        pytest.param(b"[]", "not a JSON object", id="a list"),
        pytest.param(changed(MANIFEST, schemaVersion=1), "schemaVersion", id="schema 1"),
        pytest.param(changed(MANIFEST, schemaVersion=None), "schemaVersion", id="no schema"),
        pytest.param(changed(MANIFEST, schemaVersion=True), "schemaVersion", id="a schema that is not a number"),
        pytest.param(changed(MANIFEST, schemaVersion="2"), "schemaVersion", id="a schema that is text"),
        pytest.param(changed(MANIFEST, mediaType=1), "mediaType", id="a media type that is not text"),
        pytest.param(changed(MANIFEST, mediaType="image/png"), "a media type of its own", id="something else"),
        pytest.param(changed(MANIFEST, config=None), "config", id="no config"),
        pytest.param(changed(MANIFEST, config=[]), "config", id="a config that is a list"),
        pytest.param(changed(MANIFEST, layers=None), "layers", id="no layers"),
        pytest.param(changed(MANIFEST, layers={}), "layers", id="layers that are an object"),
        pytest.param(changed(MANIFEST, layers=[1]), "layers", id="a layer that is not an object"),
        pytest.param(changed(MANIFEST, annotations={"a": 1}), "annotations", id="an annotation that is not text"),
        pytest.param(changed(MANIFEST, artifactType=1), "artifactType", id="an artifact type that is not text"),
        pytest.param(changed(MANIFEST, subject="x"), "subject", id="a subject that is text"),
    ],
)
def test_what_is_not_a_manifest_is_refused(content, says):
    error = refusal(content)

    assert error.reason is Reason.ARTIFACT_UNSUPPORTED
    assert says in error.message


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("size", -1, "size"),
        ("size", 2**63, "size"),
        ("size", 1.0, "size"),
        ("size", "1", "size"),
        ("size", True, "size"),
        ("size", None, "size"),
        ("mediaType", "", "mediaType"),
        ("mediaType", None, "mediaType"),
        ("mediaType", 1, "mediaType"),
        ("digest", None, "digest"),
        ("digest", "", "digest"),
        ("digest", 1, "digest"),
        ("digest", f"md5:{'0' * 32}", "digest"),
        ("digest", f"sha256:{'0' * 63}", "digest"),
        ("digest", f"sha256:{'A' * 64}", "digest"),
        ("digest", f"sha256:{'0' * 64}/../x", "digest"),
        ("digest", f"sha256:{'0' * 64}\n", "digest"),
        ("annotations", {"a": None}, "annotations"),
        ("artifactType", {}, "artifactType"),
    ],
)
@pytest.mark.parametrize("place", ["config", "layers", "subject"])
def test_a_descriptor_that_is_none_is_refused_wherever_it_stands(place, field, value, says):
    bad = {**LAYER, field: value}

    error = refusal(changed(MANIFEST, **{place: [bad] if place == "layers" else bad}))

    assert error.reason is Reason.ARTIFACT_UNSUPPORTED
    assert says in error.message


@pytest.mark.parametrize("size", [0, 2**63 - 1])
def test_each_size_that_an_int64_has_is_read(size):
    assert parse_manifest(changed(MANIFEST, layers=[{**LAYER, "size": size}])).layers[0].size == size


# --- an index -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_INDEX])
def test_an_index_is_not_a_manifest(media_type):
    error = refusal(changed(INDEX, mediaType=media_type))

    assert error.reason is Reason.ARTIFACT_UNSUPPORTED
    assert "is an index, and not an artifact itself" in error.message


@pytest.mark.parametrize("manifests", [[], {}, "x", [1], [{"digest": 1}], [{}]])
def test_an_index_of_nothing_sensible_is_refused_all_the_same(manifests):
    assert "is an index" in refusal(changed(INDEX, manifests=manifests)).message


def test_the_referrers_index_is_read_in_order():
    entries = [
        {**LAYER, "mediaType": OCI_MANIFEST, "artifactType": "application/vnd.a", "annotations": {"a": "b"}},
        {**CONFIG, "mediaType": OCI_MANIFEST},
    ]

    read = parse_index(changed(INDEX, manifests=entries), types=["", "application/vnd.a"], content_type=OCI_INDEX)

    assert read == Index(
        (
            Descriptor(OCI_MANIFEST, DIGEST, 1, {"a": "b"}, "application/vnd.a"),
            Descriptor(OCI_MANIFEST, Digest.of(b"{}"), 2),
        )
    )


@pytest.mark.parametrize("content_type", ["", "application/json", "application/octet-stream; charset=x", "text/plain"])
def test_an_index_of_a_general_media_type_is_one_by_its_own_words(content_type):
    assert len(parse_index(changed(INDEX), types=[""], content_type=content_type).entries) == 1


def test_entries_of_other_types_are_passed_over_however_many_and_whatever_they_are():
    junk = [{"artifactType": "application/spdx+json", "size": "x"}] * 2_000
    entry = {**LAYER, "mediaType": OCI_MANIFEST, "artifactType": "Application/vnd.A"}

    assert len(parse_index(changed(INDEX, manifests=[*junk, entry]), types=["application/vnd.a"]).entries) == 1


@pytest.mark.parametrize("bad", [1, None, {}, {"artifactType": 1}, {**LAYER, "digest": "md5:0"}, {**LAYER, "size": -1}])
def test_an_entry_that_cannot_be_read_is_said_and_hides_no_other(bad):
    read = parse_index(changed(INDEX, manifests=[bad, LAYER, bad]), types=[""])

    assert len(read.entries) == 1
    assert [refusal.reason for refusal in read.refusals] == [Reason.ARTIFACT_UNSUPPORTED]


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        pytest.param(changed(MANIFEST), "", id="a manifest"),
        pytest.param(changed(INDEX, mediaType=DOCKER_INDEX), "", id="an index of Docker"),
        pytest.param(changed(INDEX), "text/html", id="served as a page"),
        pytest.param(changed(INDEX, manifests="x"), "", id="no list"),
        pytest.param(changed(INDEX, Manifests=[]), "", id="two spellings"),
        pytest.param(b"<html>", OCI_INDEX, id="a page"),
    ],
)
def test_what_is_not_an_index_is_never_an_empty_one(content, content_type):
    with pytest.raises(Stalled) as refused:
        parse_index(content, types=[""], content_type=content_type)

    assert refused.value.reason is Reason.ARTIFACT_UNSUPPORTED


# --- limits ---------------------------------------------------------------------------------------------------------


def test_a_manifest_may_have_as_many_layers_as_are_read_and_no_more():
    assert len(parse_manifest(changed(MANIFEST, layers=[LAYER] * MAX_LAYERS)).layers) == MAX_LAYERS

    error = refusal(changed(MANIFEST, layers=[LAYER] * (MAX_LAYERS + 1)))

    assert error.reason is Reason.ARTIFACT_TOO_LARGE
    assert str(MAX_LAYERS) in error.message


def test_more_values_than_are_read_are_refused_as_too_large():
    error = refusal(changed(MANIFEST, annotations={"x": "," * MAX_REGISTRY_VALUES}))

    assert error.reason is Reason.ARTIFACT_TOO_LARGE


def test_more_bytes_than_are_read_are_refused():
    content = changed(MANIFEST)
    longest = parse_manifest(content + b" " * (MAX_MANIFEST - len(content)))

    error = refusal(content + b" " * (MAX_MANIFEST - len(content) + 1))

    assert longest == parse_manifest(content)
    assert error.reason is Reason.ARTIFACT_TOO_LARGE


@given(fields=st.dictionaries(NAMES, VALUES), base=st.sampled_from([MANIFEST, INDEX, {}]), content_type=st.text())
def test_no_document_raises_anything_but_a_refusal(fields, base, content_type):
    content = json.dumps({**base, **fields}).encode()
    for parse in (parse_manifest, partial(parse_index, types=[""])):
        try:
            parse(content, content_type=content_type)
        except Stalled as error:
            assert error.message.isprintable()


@given(content=st.binary() | st.text().map(str.encode))
def test_no_bytes_raise_anything_but_a_refusal(content):
    for parse in (parse_manifest, partial(parse_index, types=[""])):
        with pytest.raises(Stalled):
            parse(content)


@pytest.mark.parametrize(
    ("content", "content_type", "says"),
    [
        pytest.param(
            b'{"mediaType": "application/vnd.oci.artifact.manifest.v1+json", "blobs": []}',
            "",
            "is an OCI artifact manifest",
            id="of ORAS 0.16, by its own words",
        ),
        pytest.param(
            b'{"blobs": []}',
            "application/vnd.oci.artifact.manifest.v1+json",
            "is an OCI artifact manifest",
            id="of ORAS 0.16, by the registry's words",
        ),
        pytest.param(
            b'{"mediaType": "application/vnd.cncf.oras.artifact.manifest.v1+json", "blobs": []}',
            "",
            "is an OCI artifact manifest",
            id="of ORAS before it",
        ),
        pytest.param(
            b'{"schemaVersion": 1, "name": "x", "tag": "1.0.0", "fsLayers": []}',
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            "is a Docker image manifest of schema 1",
            id="of Docker before 1.10",
        ),
        pytest.param(
            b'{"schemaVersion": 1, "fsLayers": []}', "", "is a Docker image manifest of schema 1", id="by its shape"
        ),
    ],
)
def test_a_format_that_is_no_more_is_named_with_the_way_out(content, content_type, says):
    error = refusal(content, content_type=content_type)

    assert error.reason is Reason.ARTIFACT_UNSUPPORTED
    assert says in error.message
    assert "push it again as an" in error.message


@pytest.mark.parametrize(
    ("called", "fields", "is_one"),
    [
        (OCI_MANIFEST, {}, True),
        (f"{OCI_MANIFEST}; charset=utf-8", {}, True),
        (OCI_MANIFEST, {"mediaType": None}, True),
        ("text/plain", {}, True),
        ("text/plain", {"mediaType": None}, False),
        ("application/octet-stream", {"mediaType": "text/html"}, False),
        ("text/html", {}, False),
    ],
)
def test_a_manifest_is_what_whoever_sent_it_or_itself_calls_so(called: str, fields: dict[str, Any], is_one: bool):
    assert is_manifest(changed(MANIFEST, **fields), content_type=called) is is_one


def test_an_index_is_a_manifest_too():
    assert is_manifest(changed(INDEX), content_type="application/json")
    assert is_manifest(changed(INDEX, mediaType=None), content_type=OCI_INDEX)


def test_what_is_no_document_is_no_manifest():
    assert not is_manifest(b"<html>", content_type=OCI_MANIFEST)
