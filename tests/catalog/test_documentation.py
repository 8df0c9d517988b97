"""README and CHANGELOG of an artifact, as text."""

from pattern_operator.api.artifact import File
from pattern_operator.catalog import CHANGELOGS, READMES, text_of
from pattern_operator.catalog.untrusted_text import MAX_TEXT


def test_the_readme_nearest_to_the_root_is_the_one():
    files = [File("charts/db/README.md", b"db"), File("web/readme.md", b"# Web\r\n"), File("web/z/README", b"z")]

    assert text_of(files, READMES) == "# Web"
    assert text_of(files, CHANGELOGS) == ""


def test_what_is_not_utf_8_is_replaced_and_what_is_long_is_cut():
    assert text_of([File("README.md", b"caf\xe9")], READMES) == "caf\ufffd"
    assert len(text_of([File("CHANGELOG.md", b"a\n" * MAX_TEXT)], CHANGELOGS).encode()) <= MAX_TEXT


def test_what_only_contains_the_name_is_no_readme():
    assert text_of([File("README.md.j2", b"x"), File("docs/NOT-README.md", b"x")], READMES) == ""
