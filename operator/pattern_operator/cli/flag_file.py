"""The documents of a file that a flag names, such as ``--values FILE``: what is wrong is said of the flag."""

from dataclasses import replace
from pathlib import Path

from pattern_operator.api.artifact import File
from pattern_operator.cli import inputs
from pattern_operator.errors import Stalled
from pattern_operator.render.document import Document, read


def documents(path: str, *, flag: str, what: str) -> list[Document]:
    """All documents of a file, a folder or standard input; ``what`` says what to name, as in "a file of values".

    Raises:
        Stalled: ARTIFACT_NOT_FOUND, ARTIFACT_TOO_LARGE, DOCUMENT_INVALID; its message begins with ``flag``.
    """
    try:
        return [each for file in _files(path) for each in read(file)]
    except Stalled as error:  # in words for an artifact, which the file is not
        message = error.message.replace(" and publish the artifact again", "").replace("a file or folder.", f"{what}.")
        raise error.saying(f"{flag}: {message}") from None


def _files(path: str) -> list[File]:
    """The files, each called as it is found from here."""
    files = inputs.read(path)
    if path == inputs.STDIN:
        return list(files)
    root = Path(path)
    if not root.is_dir():
        return [replace(each, path=str(root)) for each in files]
    return [replace(each, path=str(root / each.path)) for each in files]
