"""The README and the changelog of an artifact, as text."""

from collections.abc import Collection, Sequence
from typing import Final

from pattern_operator.api.artifact import File
from pattern_operator.catalog.document_file import find
from pattern_operator.catalog.untrusted_text import MAX_TEXT, paragraphs

READMES: Final = frozenset({"readme.md", "readme.txt", "readme"})
CHANGELOGS: Final = frozenset({"changelog.md"})


def text_of(files: Sequence[File], names: Collection[str]) -> str:
    """The text of the file of one of these names that is nearest to the root; what is not UTF-8 in it is replaced."""
    file = find(files, names)
    return "" if file is None else paragraphs(file.content[: 4 * MAX_TEXT].decode(errors="replace"))
