import gzip
from io import BytesIO

import pytest
from tests.archive.archives import DESIGN, END, FILES, PACKAGE, entry, files, tar, tgz

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.archive import TITLE, LayerSelector, extract_files, layers
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_LAYERS_TOTAL, MAX_UNPACKED_FILES
from pattern_operator.source.layers import layer_of, select_layers
from pattern_operator.source.manifest import OCI_MANIFEST, Manifest, read_descriptor
from pattern_operator.source.media_types import is_beside_content

FLUX = "application/vnd.cncf.flux.content.v1.tar+gzip"
DOCKER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
WHAT = "reg.example/team/web@sha256:0a"
ANY = LayerSelector()


def layer(content: bytes, media_type: str = "", *, title: str | None = None) -> tuple[Descriptor, bytes]:
    """An archive, or with a title a file, unless its media type says otherwise."""
    annotations = {} if title is None else {TITLE: title}
    media_type = media_type or (FLUX if title is None else "application/octet-stream")
    return Descriptor(media_type, Digest.of(content), len(content), annotations), content


def artifact(*blobs: tuple[Descriptor, bytes]) -> Manifest:
    config = Descriptor("application/vnd.oci.empty.v1+json", Digest.of(b"{}"), 2)
    return Manifest(OCI_MANIFEST, config, tuple(descriptor for descriptor, _ in blobs))


def read(*blobs: tuple[Descriptor, bytes], selector: LayerSelector = ANY):
    """The files of an artifact of these layers, chosen and unpacked as ``pull`` does."""
    manifest = artifact(*blobs)
    selected = [blobs[manifest.layers.index(each)] for each in select_layers(manifest, selector=selector, context=WHAT)]
    opened = [(layer_of(descriptor), BytesIO(content)) for descriptor, content in selected]
    return extract_files(opened, selector=selector, context=WHAT, types=[each.media_type for each in manifest.layers])


# --- what lies beside the content -----------------------------------------------------------------------------------

BESIDE = [
    *("application/vnd.oci.empty.v1+json", "application/vnd.in-toto+json", "application/spdx+json", "text/spdx"),
    *("application/vnd.cyclonedx+json", "application/vnd.cyclonedx+xml; version=1.6", "application/vnd.syft+json"),
    *("application/vnd.dsse.envelope.v1+json", "application/sarif+json", "Application/SPDX+JSON"),
    *("application/vnd.dev.cosign.simplesigning.v1+json", "application/vnd.dev.sigstore.bundle.v0.3+json"),
    *("application/vnd.security.vulnerability.report; version=1.1", "application/vnd.goharbor.harbor.sbom.v1"),
    *("application/vnd.cncf.notary.signature", "application/vnd.cncf.helm.chart.provenance.v1.prov"),
]


@pytest.mark.parametrize("media_type", BESIDE)
@pytest.mark.parametrize("title", [None, "sbom.json"])
def test_a_layer_beside_the_content_is_passed_over(media_type, title):
    beside = layer(b'{"spdxVersion": "SPDX-2.3"}', media_type, title=title)

    assert read(beside, layer(tgz()), beside) == files()


def test_a_chart_that_helm_pushed_is_its_content_and_not_its_provenance():
    """Media types: Helm, "OCI Registry: Helm chart manifest" (HIP 6)."""
    content = layer(tgz(), "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
    provenance = layer(b"-----BEGIN PGP SIGNED MESSAGE-----", "application/vnd.cncf.helm.chart.provenance.v1.prov")

    assert read(content, provenance) == files()


IGNORED = {"web/Chart.yaml": b"name: web", "web/charts/db/.helmignore": b"x", "web/charts/db/crds/a.yaml": b"a: 1"}


@pytest.mark.parametrize(
    ("media_type", "title"),
    [("application/vnd.cncf.helm.chart.content.v1.tar+gzip", None), ("application/octet-stream", "web-1.2.3.tgz")],
)
def test_a_packaged_chart_has_no_rules_of_what_helm_ignores(media_type, title):
    content = layer(tgz(IGNORED | {"web/.helmignore": b"crds/"}), media_type, title=title)

    assert read(content) == files(IGNORED)


@pytest.mark.parametrize("title", [None, "web.tar.gz"])
def test_a_folder_in_an_archive_keeps_its_rules_of_what_helm_ignores(title):
    folder = IGNORED | {"web/.helmignore": b"crds/"}

    assert read(layer(tgz(folder), FLUX, title=title)) == files(folder)


@pytest.mark.parametrize("name", ["web.spdx.json", "WEB.CDX.json", "build.intoto.jsonl", "scan.sarif"])
def test_a_file_beside_the_content_is_passed_over_by_its_name(name):
    assert read(layer(DESIGN, title="design.yml"), layer(b"{}", title=name)) == files({"design.yml": DESIGN})


@pytest.mark.parametrize(
    "media_type", ["application/vnd.example.spdx+json", "application/json", "application/yaml", FLUX]
)
def test_a_layer_of_another_type_is_content(media_type):
    assert not is_beside_content(media_type)


def test_a_layer_beside_the_content_is_read_where_the_user_names_its_type():
    beside = layer(DESIGN, "application/spdx+json")

    assert len(read(beside, layer(tgz()), selector=LayerSelector(media_type="application/spdx+json"))) == 1


def test_where_there_is_nothing_else_the_message_says_what_there_is():
    with pytest.raises(Stalled) as refusal:
        read(layer(b"{}", "application/vnd.oci.empty.v1+json"), layer(b"{}", "application/vnd.in-toto+json"))

    assert refusal.value.reason is Reason.LAYER_NOT_FOUND
    assert "application/vnd.in-toto+json, application/vnd.oci.empty.v1+json" in refusal.value.message


# --- packagings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blob", "wanted"),
    [
        pytest.param(layer(tgz()), FILES, id="Meshery's own build, flux push artifact"),
        pytest.param(layer(tgz(), DOCKER), FILES, id="a docker-save tarball that crane pushed"),
        pytest.param(layer(tar(), "application/vnd.oci.image.layer.v1.tar"), FILES, id="an image, not compressed"),
        pytest.param(layer(tgz(), "application/vnd.oci.image.layer.v1.tar+gzip"), FILES, id="an image"),
        pytest.param(layer(tar(), FLUX), FILES, id="called compressed, and is not"),
        pytest.param(layer(tgz(), "application/vnd.example.tar"), FILES, id="compressed, and not called so"),
        pytest.param(layer(tgz(), "application/octet-stream"), FILES, id="a tar by its content"),
        pytest.param(layer(tgz(), "application/gzip"), FILES, id="a tar by its content, called gzip"),
        pytest.param(layer(tgz(), FLUX, title="web.tgz"), FILES, id="oras push of an archive"),
        pytest.param(
            layer(DESIGN, "application/vnd.oci.image.layer.v1.tar", title="design.yml"),
            {"design.yml": DESIGN},
            id="oras push of a file without a type",
        ),
        pytest.param(
            layer(DESIGN, "text/x-yaml", title="design.yml"), {"design.yml": DESIGN}, id="oras push of a file"
        ),
        pytest.param(
            layer(DESIGN, "application/octet-stream", title="d/web.yml"), {"d/web.yml": DESIGN}, id="of a folder's file"
        ),
        pytest.param(layer(DESIGN, "application/yaml"), {"layer-1.yaml": DESIGN}, id="a file without a name"),
        pytest.param(layer(DESIGN, "application/vnd.example+yaml"), {"layer-1.yaml": DESIGN}, id="a type of YAML"),
        pytest.param(layer(b"{}", "application/vnd.example.v1+json"), {"layer-1.json": b"{}"}, id="a type of JSON"),
        pytest.param(layer(DESIGN, "text/x-yaml"), {"layer-1.yaml": DESIGN}, id="an old type of YAML"),
        pytest.param(
            layer(gzip.compress(DESIGN), "application/yaml+gzip"), {"layer-1.yaml": DESIGN}, id="a type of YAML in gzip"
        ),
        pytest.param(
            layer(gzip.compress(DESIGN), "application/yaml+gzip", title="d/web.yaml.gz"),
            {"d/web.yaml": DESIGN},
            id="a file in gzip",
        ),
        pytest.param(
            layer(gzip.compress(DESIGN), "application/yaml", title="web.yaml"),
            {"web.yaml": DESIGN},
            id="a file in gzip that is not called so",
        ),
        pytest.param(
            layer(DESIGN, "application/yaml", title="web.yaml.gz"),
            {"web.yaml.gz": DESIGN},
            id="called gzip, and is not",
        ),
    ],
)
def test_each_packaging_gives_its_files(blob, wanted):
    assert read(blob) == files(wanted)


OF_ORAS = "application/vnd.oci.image.layer.v1.tar"  # of a file that is pushed without a media type


@pytest.mark.parametrize(
    ("title", "content"),
    [
        ("README.md", b"# hello: ["),
        ("docs/NOTES.txt", b""),
        ("logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("LICENSE", b"Apache License"),
    ],
)
def test_a_file_beside_the_manifests_that_oras_calls_a_tar_is_no_tar(title, content):
    found = read(layer(DESIGN, OF_ORAS, title="design.yml"), layer(content, OF_ORAS, title=title))

    assert [file.path for file in found] == ["design.yml", title]


@pytest.mark.parametrize("title", ["", "web.tar", "manifests", "web-1.0"])
def test_a_damaged_tar_is_no_plain_file(title):
    with pytest.raises(Stalled) as refused:
        read(layer(tar()[:100] + bytes(412), OF_ORAS, title=title))

    assert refused.value.reason is Reason.ARCHIVE_REFUSED


def test_a_file_in_gzip_that_is_a_bomb_is_refused():
    with pytest.raises(Stalled) as refusal:
        read(layer(gzip.compress(b"0" * (16 * 1024 * 1024)), "application/yaml+gzip"))

    assert refusal.value.reason in (Reason.ARCHIVE_REFUSED, Reason.ARTIFACT_TOO_LARGE)


def test_a_file_in_gzip_that_is_damaged_is_refused():
    with pytest.raises(Stalled) as refusal:
        read(layer(gzip.compress(DESIGN)[:-9], "application/yaml+gzip"))

    assert refusal.value.reason is Reason.ARCHIVE_REFUSED


def test_a_file_in_gzip_that_is_larger_than_what_is_read_is_refused(monkeypatch):
    monkeypatch.setattr(layers, "MAX_DOCUMENTS", 1000)

    with pytest.raises(Stalled) as refusal:
        read(layer(gzip.compress(b"1" * 1001), "application/yaml+gzip"))

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE


@pytest.mark.parametrize(
    ("media_type", "selector"),
    [
        ("text/yaml; charset=utf-8", None),
        ("Text/YAML ;charset=utf-8", "text/yaml"),
        ("application/vnd.a+yaml", "Application/vnd.a+YAML; v=1"),
    ],
)
def test_parameters_and_case_tell_no_media_types_apart(media_type: str, selector: str | None):
    entry = {"mediaType": media_type, "digest": str(Digest.of(DESIGN)), "size": len(DESIGN)}

    found = read((read_descriptor(entry), DESIGN), selector=LayerSelector(media_type=selector))

    assert found == files({"layer-1.yaml": DESIGN})


def test_files_of_several_layers_come_together_in_order():
    assert read(layer(PACKAGE, "a/yaml"), layer(tgz({"a": b"1"}))) == files({"layer-1.yaml": PACKAGE, "a": b"1"})


def test_oras_push_of_two_files_gives_both():
    blobs = [layer(DESIGN, "a/b", title="design.yml"), layer(PACKAGE, "a/b", title="artifacthub-pkg.yml")]

    assert read(*blobs) == files()


def test_one_blob_under_two_names_gives_two_files():
    assert read(layer(b"x", title="a"), layer(b"x", title="b")) == files({"a": b"x", "b": b"x"})


def test_one_layer_that_is_named_twice_is_pulled_once():
    blob = layer(tgz())

    assert select_layers(artifact(blob, blob), selector=ANY, context=WHAT) == (blob[0],)
    assert read(blob, blob) == files()


def test_a_layer_that_is_neither_named_nor_of_a_known_type_is_passed_over():
    assert read(layer(b"\x89PNG", "image/png"), layer(tgz())) == files()


# --- which layer ----------------------------------------------------------------------------------------------------


def test_the_media_type_chooses_the_layers():
    blobs = [
        layer(tgz({"a": b"1"}), "application/vnd.a.tar+gzip"),
        layer(tgz({"b": b"2"}), "application/vnd.b.tar+gzip"),
    ]

    assert read(*blobs, selector=LayerSelector(media_type="application/vnd.b.tar+gzip")) == files({"b": b"2"})


def test_a_media_type_that_no_layer_has_is_refused_and_the_message_names_those_there_are():
    with pytest.raises(Stalled) as refusal:
        read(layer(tgz()), layer(DESIGN, "a/yaml"), selector=LayerSelector(media_type="a/other"))

    assert refusal.value.reason is Reason.LAYER_NOT_FOUND
    assert "'a/other'" in refusal.value.message
    assert f"a/yaml, {FLUX}" in refusal.value.message
    assert "source.layer.mediaType" in refusal.value.message


@pytest.mark.parametrize(
    "blobs",
    [
        pytest.param([], id="no layer"),
        pytest.param([layer(b"\x89PNG", "image/png")], id="a picture"),
        pytest.param([layer(tar({}))], id="an empty archive"),
    ],
)
def test_an_artifact_without_files_is_refused(blobs):
    with pytest.raises(Stalled) as refusal:
        read(*blobs)

    assert refusal.value.reason is Reason.LAYER_NOT_FOUND
    assert refusal.value.message.startswith(WHAT)


@pytest.mark.parametrize(
    "path", ["design.yml", "./design.yml", "/design.yml", "d", "d/", "./d/", "d/e", "d/e/f.yml", ""]
)
def test_the_path_may_be_a_file_or_a_folder_and_all_files_come(path):
    contents = {"design.yml": DESIGN, "d/e/f.yml": b"x"}

    assert read(layer(tgz(contents)), selector=LayerSelector(path=path)) == files(contents)


@pytest.mark.parametrize("path", ["design", "d/e/f", "design.yml/x", "e", "../design.yml"])
def test_a_path_that_is_not_there_is_refused_and_the_message_names_what_is(path):
    with pytest.raises(Stalled) as refusal:
        read(layer(tgz({"design.yml": DESIGN, "d/e/f.yml": b"x"})), selector=LayerSelector(path=path))

    assert refusal.value.reason is Reason.LAYER_NOT_FOUND
    assert "d/e/f.yml, design.yml" in refusal.value.message
    assert "source.layer.path" in refusal.value.message


def test_a_message_names_no_more_than_some_files():
    with pytest.raises(Stalled) as refusal:
        read(layer(tgz({f"{number}.yml": b"" for number in range(100)})), selector=LayerSelector(path="x"))

    assert "and 95 more" in refusal.value.message


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blobs", "says"),
    [
        pytest.param([layer(tgz({"a": b"1"})), layer(tgz({"a": b"2"}))], "'a'", id="two archives hold one path"),
        pytest.param([layer(tgz({"a": b"1"})), layer(b"2", title="./a")], "'a'", id="an archive and a file do"),
        pytest.param([layer(b"x", title="../a")], "leads out", id="a title that leads out"),
        pytest.param([layer(b"x", title="/a")], "absolute", id="a title that is absolute"),
        pytest.param([layer(b"x", title="a\x1b[2Jb")], "characters", id="a title for terminals"),
        pytest.param([layer(b"x", title="a\ud800")], "characters", id="a title with an unpaired surrogate"),
        pytest.param([layer(b"not a tar at all" * 100)], "not a tar", id="an archive that is none"),
        pytest.param([layer(gzip.compress(b"{}"))], "too early", id="a compressed file called an archive"),
        pytest.param([layer(entry("a", flag=b"2") + END, "x/y", title="a")], "link", id="an archive by its content"),
        pytest.param([layer(tgz({"a": b"1"})), layer(tgz({".wh.a": b""}))], "'.wh.a'", id="a file that is removed"),
        pytest.param([layer(tgz({"d/.wh..wh..opq": b""}))], "removes a file", id="a folder that is emptied"),
    ],
)
def test_what_is_not_safe_or_not_clear_is_refused(blobs, says):
    with pytest.raises(Stalled) as refusal:
        read(*blobs)

    assert refusal.value.reason is Reason.ARCHIVE_REFUSED
    assert says in refusal.value.message
    assert refusal.value.message.isprintable()


@pytest.mark.parametrize("media_type", ["application/vnd.oci.image.layer.v1.tar+zstd", "application/zstd", "x/y.zstd"])
def test_zstd_is_refused_before_it_is_pulled(media_type):
    blob = layer(b"(\xb5/\xfd", media_type)

    with pytest.raises(Stalled) as refusal:
        select_layers(artifact(blob), selector=ANY, context=WHAT)

    assert refusal.value.reason is Reason.ARTIFACT_UNSUPPORTED
    assert "gzip" in refusal.value.message


def test_layers_larger_than_all_may_be_are_refused_before_they_are_pulled():
    half = [Descriptor(FLUX, Digest.of(bytes([number])), MAX_LAYERS_TOTAL // 2) for number in range(3)]
    manifest = Manifest(OCI_MANIFEST, half[0], tuple(half))

    assert select_layers(Manifest(OCI_MANIFEST, half[0], tuple(half[:2])), selector=ANY, context=WHAT) == tuple(
        half[:2]
    )
    with pytest.raises(Stalled) as refusal:
        select_layers(manifest, selector=ANY, context=WHAT)

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE
    assert "source.layer.mediaType" in refusal.value.message


def test_only_the_layers_that_are_chosen_count():
    large = Descriptor("application/vnd.large.tar", Digest.of(b"large"), MAX_LAYERS_TOTAL)
    small = Descriptor(FLUX, Digest.of(b"small"), 1)

    selected = select_layers(
        Manifest(OCI_MANIFEST, small, (large, small)), selector=LayerSelector(media_type=FLUX), context=WHAT
    )

    assert selected == (small,)


def test_what_the_layers_unpack_to_counts_together(monkeypatch):
    monkeypatch.setattr(layers, "MAX_UNPACKED", 1000)

    assert read(layer(tgz({"a": b"1" * 500})), layer(tgz({"b": b"2" * 500})))
    with pytest.raises(Stalled) as refusal:
        read(layer(tgz({"a": b"1" * 500})), layer(tgz({"b": b"2" * 501})))

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE


def test_the_files_of_all_layers_count_together():
    half = MAX_UNPACKED_FILES // 2 + 1
    blobs = [layer(tar({f"{name}{number}": b"" for number in range(half)})) for name in "ab"]

    with pytest.raises(Stalled) as refusal:
        read(*blobs)

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE


def test_where_no_layer_is_wanted_none_is_selected_before_anything_is_pulled():
    with pytest.raises(Stalled) as refusal:
        select_layers(artifact(), selector=ANY, context=WHAT)

    assert refusal.value.reason is Reason.LAYER_NOT_FOUND
