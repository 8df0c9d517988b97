"""The mutants of one module: its text with one small change each (``edits``), where that is still a program."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from tools.mutation.edits import Edit, edits
from tools.mutation.source import Source

_SHOWN: Final = 70  # characters of what is changed


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: where, what, and the whole text with it.

    Attributes:
        line: the first line of what changes.
        lines: those of the statement that it is in, without the statements within.
        resumed: those of the function around it, where an exception may be thrown into that (``_resumed``).
        function: the function or class around it, dotted; "" at the top of the module.
        change: what was there and what is there now, cut; "(2)" behind it where a function has the same one twice.
        text: the module with the change.
        digest: of the change and the top statement around it: it stays when something else of the module changes.
        names: what the statement defines, where it runs when the module is imported; none within a function.
    """

    line: int
    lines: range
    resumed: range
    function: str
    change: str
    text: str
    digest: str
    names: frozenset[str]


def mutants(text: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its lines; each of them parses."""
    source = Source(text)
    found = [mutant for edit in edits(ast.parse(text), source) if (mutant := _mutant(edit, source)) is not None]
    return list(_numbered(sorted(found, key=lambda each: (each.line, each.change))))


def _numbered(found: list[Mutant]) -> Iterator[Mutant]:
    seen: Counter[tuple[str, str]] = Counter()
    for mutant in found:
        key = mutant.function, mutant.change
        seen[key] += 1
        yield mutant if seen[key] == 1 else replace(mutant, change=f"{mutant.change} ({seen[key]})")


def _mutant(edit: Edit, source: Source) -> Mutant | None:
    """The text with one edit; None where it is not a program, or the same one."""
    begin, end = source.span(edit.node)
    whole = source.bytes[begin:end].decode()
    changed = edit.new if not edit.old else edit.old.replace("\0", edit.new)
    text = (source.bytes[:begin] + changed.encode() + source.bytes[end:]).decode()
    try:
        ast.parse(text)
    except SyntaxError:
        return None
    if changed == whole:
        return None
    place, statement = edit.place, edit.place.statement
    if statement is None:
        return None
    first, last = source.span(place.top or statement)
    around = source.bytes[first:begin], changed.encode(), source.bytes[end:last]
    return Mutant(
        line=edit.node.lineno,  # type: ignore[attr-defined] # of every node that is edited
        lines=_lines(statement),
        resumed=_resumed(place.around),
        function=place.function,
        change=f"{_shown(whole)}  ->  {_shown(changed)}",
        text=text,
        digest=sha256(b"\0".join(around)).hexdigest()[:16],
        names=place.names,
    )


def _shown(text: str) -> str:
    return " ".join(text.split())[:_SHOWN]


def _lines(statement: ast.stmt) -> range:
    """The lines of a statement, without those of the statements within."""
    body = getattr(statement, "body", None)
    last = body[0].lineno if body else (statement.end_lineno or statement.lineno) + 1
    return range(statement.lineno, max(last, statement.lineno + 1))


def _resumed(function: ast.stmt | None) -> range:
    """The lines of a coroutine or a generator; none of another function.

    CPython before 3.12 traces nothing more of one that goes on after an exception was thrown into it, as a cancellation
    or the end of a timeout is: which tests run such a line nobody tells.
    """
    goes_on = ast.Await, ast.Yield, ast.YieldFrom, ast.AsyncFor, ast.AsyncWith
    if function is None or not any(isinstance(each, goes_on) for each in ast.walk(function)):
        return range(0)
    return range(function.lineno, (function.end_lineno or function.lineno) + 1)
