"""Which files are read, as what, and what the message says of one that cannot be."""

import pytest

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_NESTING, MAX_STREAM
from pattern_operator.render.document import is_document, read


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ("design.yml", True),
        ("a/b.YAML", True),
        ("a.json", True),
        ("artifacthub-pkg.yml", False),
        ("x/artifacthub-pkg.yaml", False),
        (".github/ci.yml", False),
        ("a/.hidden.yaml", False),
        ("README.md", False),
        ("Dockerfile", False),
    ],
)
def test_documents_are_in_yaml_and_json_files(path: str, *, holds: bool):
    assert is_document(path) is holds


@pytest.mark.parametrize(
    ("content", "values"),
    [
        pytest.param(b'{"a": 1}', [{"a": 1}], id="JSON, whatever the suffix"),
        pytest.param(b'  \n{"a": 1}', [{"a": 1}], id="JSON after blanks"),
        pytest.param(b"{a: 1, b: yes}", [{"a": 1, "b": True}], id="flow style YAML begins like JSON"),
        pytest.param(b'{"a": 1}\n---\n{"a": 2}', [{"a": 1}, {"a": 2}], id="JSON documents in a YAML stream"),
        pytest.param(b'{"a": 1, "a": 2}', [{"a": 2}], id="JSON takes the last of a key, as kubectl does"),
        pytest.param("\ufeffa: 1".encode(), [{"a": 1}], id="a byte order mark"),
        pytest.param(b'{"a": 1}\n{"a": 2}', [{"a": 1}, {"a": 2}], id="JSON documents one after another"),
        pytest.param(b'{"a": 1}{"a": 2}\n\n', [{"a": 1}, {"a": 2}], id="JSON documents with nothing between them"),
        pytest.param('\ufeff{"a": 1}\n\ufeff{"a": 2}'.encode(), [{"a": 1}, {"a": 2}], id="JSON documents with marks"),
        pytest.param("\ufeffa: 1\n---\n\ufeffb: 2\n".encode(), [{"a": 1}, {"b": 2}], id="a mark in each document"),
        pytest.param("a: 1\r\n---\r\n\ufeffb: 2\r\n".encode(), [{"a": 1}, {"b": 2}], id="a mark after CRLF"),
        pytest.param("a: 1\n--- # c\n# d\n\n\ufeffb: 2\n".encode(), [{"a": 1}, {"b": 2}], id="a mark after comments"),
        pytest.param("a: 1\n\ufeff---\nb: 2\n".encode(), [{"a": 1}, {"b": 2}], id="a mark before the separator"),
        pytest.param(b"%YAML 1.1\n---\na: 1\n...\n%YAML 1.2\n---\nb: 2\n", [{"a": 1}, {"b": 2}], id="directives"),
        pytest.param("\ufeffa: ä\n---\nb: 2\n".encode("utf-16-le"), [{"a": "ä"}, {"b": 2}], id="UTF-16"),
        pytest.param('\ufeff{"a": 1}{"b": 2}'.encode("utf-16-be"), [{"a": 1}, {"b": 2}], id="JSON in UTF-16"),
        pytest.param("a: 'x\ufeffy'\n".encode(), [{"a": "x\ufeffy"}], id="a mark in a text is of the text"),
        pytest.param("a: |\n  ---\n  \ufeffy\n".encode(), [{"a": "---\n\ufeffy\n"}], id="or in a block of text"),
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"# only a comment\n", [], id="a comment"),
    ],
)
def test_a_file_is_read_as_json_or_yaml(content: bytes, values: list[object]):
    assert [document.value for document in read(File("a.yml", content))] == values


def test_a_document_knows_where_it_stands():
    first, second = read(File("all.yaml", b"a: 1\n---\nb: 2\n"))

    assert (first.where, first.line) == ("all.yaml#1", 1)
    assert (second.where, second.line) == ("all.yaml#2", 2)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(b"a: 1\nb: \xff\n", 2, id="not UTF-8"),
        pytest.param(b'{"password": "hunter2", \n oops', 3, id="JSON that ends early"),
        pytest.param(b'{"password": "hunter2"}\n{"a":', 2, id="a stream of JSON that ends early"),
        pytest.param(b'{"password": "hunter2"}\n{"a": NaN}', 2, id="a stream of what is not JSON"),
        pytest.param(b"\xff\xfea\x00\x00\xd8", 1, id="not UTF-16"),
        pytest.param(b"password: hunter2\npassword: hunter2\n", 2, id="a key twice"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line_and_nothing_of_its_content(content: bytes, line: int):
    with pytest.raises(Stalled) as refusal:
        list(read(File("a.yml", content)))

    assert refusal.value.reason is Reason.DOCUMENT_INVALID
    assert f"a.yml, line {line}: " in refusal.value.message
    assert "hunter2" not in refusal.value.diagnostics()


def test_a_file_in_gzip_is_called_that():
    with pytest.raises(Stalled, match="it is compressed with gzip"):
        list(read(File("a.yml", b"\x1f\x8b\x08\x00\xff")))


@pytest.mark.parametrize("opening", [b"[", b'{"a":'], ids=["lists", "mappings"])
def test_json_that_is_nested_too_deeply_is_refused(opening: bytes):
    closing = b"]" if opening == b"[" else b"}"
    depth = MAX_NESTING + 1

    with pytest.raises(Stalled) as refusal:
        list(read(File("a.json", opening * depth + b"1" + closing * depth)))

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE


def test_a_yaml_bomb_is_too_large():
    bomb = b"a: &a [" + b"x," * 1000 + b"]\nb: &b [" + b"*a," * 900 + b"]\nc: [" + b"*b," * 90 + b"]\n"

    with pytest.raises(Stalled) as refusal:
        list(read(File("a.yml", bomb)))

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE


def test_documents_of_a_stream_of_json_know_where_they_stand():
    first, second = read(File("all.json", b'{"a":\n1}\n\n{"b": 2}'))

    assert (first.where, first.line, second.where, second.line) == ("all.json#1", 1, "all.json#2", 4)


def test_a_stream_of_json_has_its_limit():
    with pytest.raises(Stalled) as refusal:
        list(read(File("all.json", b"{}" * (MAX_STREAM + 1))))

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE


def test_a_stream_of_json_that_is_nested_without_end_is_refused():
    with pytest.raises(Stalled) as refusal:
        list(read(File("all.json", b'{"a":1}' + b"[" * 100_000)))

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE
