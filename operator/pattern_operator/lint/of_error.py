"""The finding for a pattern, or a file of it, that cannot be rendered: at the place that the message names. Pure."""

import re
from typing import Final

from pattern_operator.errors import Stalled
from pattern_operator.lint.finding import Finding
from pattern_operator.lint.locate import Locus
from pattern_operator.lint.position.node import Root
from pattern_operator.lint.position.sources import Sources
from pattern_operator.lint.rule import Severity
from pattern_operator.quote import one_line

LONGEST: Final = 512  # characters of a message
_LINE: Final = re.compile(r", (line|in the document that begins at line) (\d{1,9})(?:: )?")
_PUBLISHED: Final = re.compile(r" and publish the artifact again(?=[.;]|$)")


def of_error(error: Stalled, sources: Sources) -> Finding:
    """The finding; file and line are where the message has them, and are not repeated in it."""
    message = _PUBLISHED.sub("", error.message)
    files = sources.files
    path = max((file.path for file in files if message.startswith(file.path)), key=len, default="")
    if not path:
        only = files[0].path if len(files) == 1 else ""
        return Finding(only, 0, 0, str(error.reason), Severity.ERROR, one_line(message, LONGEST))
    line, column, rest = _place(message[len(path) :], sources.roots(path), path)
    return Finding(path, line, column, str(error.reason), Severity.ERROR, one_line(rest or message, LONGEST))


def _place(after: str, roots: list[Root], path: str) -> tuple[int, int, str]:
    """Line, column, and what is said, by the message after its path; 0 where no line is known."""
    match = _LINE.match(after)
    if match is not None and match[1] == "line":
        return int(match[2]), 1, after[match.end() :]
    said = after[match.end() :] if match is not None else after.removeprefix(": ")
    if said == after:
        return 0, 0, ""
    begins = int(match[2]) if match is not None else 1
    root = next((each for each in reversed(roots) if _begins(each) <= begins), roots[0] if roots else None)
    line, column = Locus(path, root).named(said)
    return line, column, said


def _begins(root: Root) -> int:
    return root.place(root.node.start)[0]
