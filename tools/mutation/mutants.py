"""The small changes of one module: text in, mutants out. What only changes a message, a log line or a type is none."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_COMPARED: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Is: "is not",
    ast.IsNot: "is",
}
_SIGNS: Final[dict[type[ast.operator], str]] = {ast.Add: "-", ast.Sub: "+", ast.Mult: "//", ast.FloorDiv: "*"}
_SAYS: Final = frozenset({"debug", "info", "warning", "error", "exception", "log"})  # methods of a logger


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: where, what, and the whole text with it."""

    line: int
    change: str
    text: str


def mutants(text: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its lines; each of them parses."""
    source = _Source(text)
    found = [mutant for edit in _edits(ast.parse(text), source) if (mutant := source.mutant(edit)) is not None]
    return sorted(found, key=lambda each: (each.line, each.change))


@dataclass(frozen=True, slots=True)
class _Edit:
    node: ast.AST
    old: str  # "" stands for the whole node
    new: str


class _Source:
    """A text, and where the nodes of its tree stand in it."""

    def __init__(self, text: str) -> None:
        self._lines = [line.encode() for line in text.splitlines(keepends=True)]
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._bytes = text.encode()

    def span(self, node: ast.AST) -> tuple[int, int]:
        """First and last byte of a node."""
        begin = self._starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        end = self._starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
        return begin, end

    def between(self, left: ast.AST, right: ast.AST) -> str:
        """What stands between two nodes: an operator, and parentheses."""
        return self._bytes[self.span(left)[1] : self.span(right)[0]].decode()

    def text(self, node: ast.AST) -> str:
        """What a node is written as."""
        begin, end = self.span(node)
        return self._bytes[begin:end].decode()

    def mutant(self, edit: _Edit) -> Mutant | None:
        """The text with one edit; None where it is not a program, or the same one."""
        begin, end = self.span(edit.node)
        whole = self._bytes[begin:end].decode()
        changed = edit.new if not edit.old else edit.old.replace("\0", edit.new)
        text = (self._bytes[:begin] + changed.encode() + self._bytes[end:]).decode()
        try:
            ast.parse(text)
        except SyntaxError:
            return None
        line = edit.node.lineno  # type: ignore[attr-defined]
        shown = " ".join(whole.split())[:70], " ".join(changed.split())[:70]
        return Mutant(line, f"{shown[0]}  ->  {shown[1]}", text) if changed != whole else None


def _edits(tree: ast.Module, source: _Source) -> Iterator[_Edit]:
    for node in _walk(tree):
        yield from _of_expression(node, source)
        yield from _of_statement(node)


def _of_expression(node: ast.AST, source: _Source) -> Iterator[_Edit]:
    match node:
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            yield from _comparisons(node, [left, *comparators], ops, source)
        case ast.BoolOp(op=op, values=values):
            words = ("and", "or") if isinstance(op, ast.And) else ("or", "and")
            for left, right in pairwise(values):
                yield from _between(node, left, right, *words, source)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield _Edit(node, "", f"({source.text(operand)})")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS and not _is_text(left, right):
            sign = source.between(left, right).strip(" ()\n")
            yield from _between(node, left, right, sign, _SIGNS[type(op)], source)
        case ast.Constant(value=bool() as value):
            yield _Edit(node, "", str(not value))
        case ast.Constant(value=int() as value):
            yield _Edit(node, "", str(value + 1))
        case ast.comprehension(ifs=ifs):
            yield from (_Edit(condition, "", "True") for condition in ifs)


def _of_statement(node: ast.AST) -> Iterator[_Edit]:
    match node:
        case ast.Return(value=ast.AST() as value) if not isinstance(value, ast.Constant):
            yield _Edit(value, "", "None")
        case ast.Expr(value=ast.Call() | ast.Await()) if not _only_says(node):
            yield _Edit(node, "", "pass")
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.AugAssign() | ast.Delete():
            yield _Edit(node, "", "pass")
        case ast.Continue() | ast.Break() | ast.Raise():
            yield _Edit(node, "", "pass")


def _comparisons(node: ast.Compare, sides: list[ast.expr], ops: list[ast.cmpop], source: _Source) -> Iterator[_Edit]:
    for left, op, right in zip(sides, ops, sides[1:], strict=False):
        words = source.between(left, right).strip(" ()\n")
        yield from _between(node, left, right, words, _COMPARED[type(op)], source)


def _between(node: ast.AST, left: ast.AST, right: ast.AST, old: str, new: str, source: _Source) -> Iterator[_Edit]:
    """Another operator between two parts of a node."""
    begin, _ = source.span(node)
    whole, gap = source.text(node), source.between(left, right)
    if gap.count(old) != 1:
        return  # a comment stands there
    at = len(whole.encode()[: source.span(left)[1] - begin].decode())
    yield _Edit(node, f"{whole[:at]}{gap.replace(old, chr(0))}{whole[at + len(gap) :]}", new)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that decides something: no annotation, docstring, message of an error, format or log line."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.JoinedStr) or _only_says(child) or _is_typing(node, child):
            continue
        yield from _walk(child)


def _is_typing(node: ast.AST, child: ast.AST) -> bool:
    annotations = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    return any(child is each for each in annotations) or (
        isinstance(node, ast.If) and child is node.test and "TYPE_CHECKING" in ast.dump(child)
    )


def _only_says(node: ast.AST) -> bool:
    call = node.value if isinstance(node, ast.Expr) else node
    if isinstance(call, ast.Constant) and isinstance(node, ast.Expr):
        return True  # a docstring
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in _SAYS
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "logger"
    )


def _is_text(*sides: ast.AST) -> bool:
    values = [getattr(each, "value", None) for each in sides]
    return any(isinstance(each, ast.JoinedStr) for each in sides) or any(
        isinstance(each, str | bytes) for each in values
    )
