"""What ``helm template`` printed, to documents that are known by the template they come from.

Source: Helm 4, ``pkg/action/action.go`` (``renderResources``): ``---``, ``# Source: <chart>/templates/<file>``, the
text. CRDs come first, then objects in the order that helm installs their kinds, and hooks last.
"""

import re
from bisect import bisect_right
from collections import Counter
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_DOCUMENTS, MAX_PATH, MIB
from pattern_operator.quote import one_line
from pattern_operator.render.document import Document
from pattern_operator.render.invalid_yaml import InvalidYaml, KeyTwice, YamlTooLarge
from pattern_operator.render.yamlstream import load_documents

# A file of several documents has the comment before its first one only.
_SOURCE: Final = re.compile(r"^---\n# Source: ([^\n]{1,1024})$", re.MULTILINE)


def read_output(stdout: bytes, *, chart: str, holds_secrets: bool) -> list[Document]:
    """The documents, in helm's order; empty ones are left out. ``chart`` names the chart in messages.

    With ``holds_secrets`` no message quotes a key of the output, which a template may have made of a secret.

    Raises:
        Stalled: DOCUMENT_INVALID: a template wrote what is not YAML. ARTIFACT_TOO_LARGE: it exceeds a limit.
    """
    if len(stdout) > MAX_DOCUMENTS:
        raise Stalled(
            reason=Reason.ARTIFACT_TOO_LARGE,
            message=f"the chart {chart} renders to more than {MAX_DOCUMENTS // MIB} MiB, which is not read."
            " Split it, or correct the template that writes so much.",
        )
    try:
        text = stdout.decode()
    except UnicodeDecodeError as error:
        raise _invalid(_Sources(stdout.decode(errors="replace")), _line(stdout, error), "it is not UTF-8") from None
    sources, counted = _Sources(text), Counter[str]()
    found = list[Document]()
    try:
        for each in load_documents(text):
            path, line = sources.place(each.line)
            counted[path] += 1
            found.append(Document(path, counted[path], line, each.value, each.written))
    except YamlTooLarge as error:
        path, _ = sources.place(error.line)
        raise Stalled(
            reason=Reason.ARTIFACT_TOO_LARGE, message=f"what {path} renders to: {error}. {error.advice}"
        ) from None
    except KeyTwice as error:
        why = error.unnamed if holds_secrets else str(error)
        raise _invalid(sources, error.line, f"{why}, of which helm would take the last") from None
    except InvalidYaml as error:
        raise _invalid(sources, error.line, str(error)) from None
    return found


class _Sources:
    """Which lines of the output come from which template."""

    def __init__(self, text: str) -> None:
        self._lines, self._paths = list[int](), list[str]()
        line, counted = 1, 0
        for match in _SOURCE.finditer(text):
            line, counted = line + text.count("\n", counted, match.start()), match.start()
            self._lines.append(line)
            self._paths.append(one_line(match[1], MAX_PATH))

    def place(self, line: int) -> tuple[str, int]:
        """The template that a line of the output comes from, and the line of what that one rendered to."""
        found = bisect_right(self._lines, line) - 1
        return (self._paths[found], max(1, line - self._lines[found] - 1)) if found >= 0 else ("the output", line)


def _line(content: bytes, error: UnicodeDecodeError) -> int:
    return content.count(b"\n", 0, error.start) + 1


def _invalid(sources: _Sources, line: int, why: str) -> Stalled:
    path, line = sources.place(line)
    return Stalled(
        reason=Reason.DOCUMENT_INVALID,
        message=f"{path} renders to what is not YAML, in line {line} of its output: {why}. Correct the template, or the"
        " parameters that it uses.",
    )
