"""What of an archive is held in memory: the content that somebody will read."""

from io import BytesIO

import pytest
from tests.archive.archives import tar, tgz

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.archive import Layer, LayerSelector, extract_files, layers
from pattern_operator.errors import Stalled

TAR = "application/vnd.oci.image.layer.v1.tar"


def read(content: bytes, *, selector: LayerSelector = LayerSelector()):  # noqa: B008 - frozen
    layer = Layer(TAR, "", len(content))
    return extract_files(
        [(layer, BytesIO(content))], selector=selector, context="it", reads=lambda path: path.endswith(".yml")
    )


@pytest.mark.parametrize("pack", [tar, tgz])
def test_a_file_that_nobody_reads_comes_without_its_content(pack):
    found = read(pack({"a.png": b"1" * 5000, "a.yml": b"2" * 5000, "b.png": b"3"}))

    assert found == (File("a.png", b""), File("a.yml", b"2" * 5000), File("b.png", b""))


def test_the_only_file_comes_whatever_it_is_called():
    assert read(tar({"pattern": b"1"})) == (File("pattern", b"1"),)


def test_files_that_nobody_reads_may_be_larger_than_what_is_read(monkeypatch):
    monkeypatch.setattr(layers, "MAX_DOCUMENTS", 1000)

    assert read(tar({"a.png": b"1" * 5000, "a.yml": b"2", "b.png": b"3" * 5000}))[1] == File("a.yml", b"2")


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param({"a.yml": b"1" * 1001}, id="one"),
        pytest.param({"a.yml": b"1" * 500, "b.yml": b"1" * 501}, id="together"),
        pytest.param({"pattern": b"1" * 1001}, id="the only file, which is not kept"),
    ],
)
def test_documents_larger_than_what_is_read_are_refused_before_they_are_held(monkeypatch, contents):
    monkeypatch.setattr(layers, "MAX_DOCUMENTS", 1000)

    with pytest.raises(Stalled) as refusal:
        read(tar(contents))

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE
    assert "1000 bytes" in refusal.value.message
    assert "spec.source.layer.path" in refusal.value.message


def test_the_documents_of_several_layers_count_together(monkeypatch):
    monkeypatch.setattr(layers, "MAX_DOCUMENTS", 1000)
    files = [(Layer("", f"{name}.yml", 501), BytesIO(b"1" * 501)) for name in "ab"]

    with pytest.raises(Stalled) as refusal:
        extract_files(files, selector=LayerSelector(), context="it")

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE
