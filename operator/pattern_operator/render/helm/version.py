"""What helm writes of itself: the text of its version, and nothing else that is otherwise with another one.

A chart that asks for ``.HelmVersion`` is rendered once more with another version in its place. It is equal in
comparisons, because build metadata do not count there (Semantic Versioning 2.0.0, 10), so templates take the same way.
"""

import re
from typing import Any, Final

from pattern_operator.render.helm.actions import replaced_field

FIELD: Final = ".HelmVersion"
_OTHER: Final = (
    b"(dict `Version` (printf `%%s%%sanother` (%s).Version (ternary `.` `+` (contains `+` (%s).Version)))"
    b" `GitCommit` `another` `GitTreeState` `another` `GoVersion` `another`)"
)
# A version, and what tells the other one apart; charts write _ or - for +, which a label may not hold.
_MARKED: Final = re.compile(r"(\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+_][0-9A-Za-z.+_-]{1,64}?)?)[+_.-]another")


def by_another_helm(content: bytes) -> bytes:
    """The template as another version of helm would run it."""
    return replaced_field(content, FIELD, lambda field: _OTHER % (field, field))


def is_version_text(value: Any, other: Any) -> bool:
    """Whether both are texts with a version in them, and ``other``, that of another helm, differs in nothing else."""
    if not isinstance(value, str) or not isinstance(other, str):
        return False
    return value != other and value == _MARKED.sub(r"\1", other)
