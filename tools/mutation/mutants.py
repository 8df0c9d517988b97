"""The small changes of one module: text in, mutants out. What only changes a message, a log line or a type is none.

None either: a docstring; what a checker or a reader holds and no caller sees (``frozen``, ``slots`` and ``kw_only`` of
classes, ``strict`` of ``zip``, ``del`` of a name). A number that is named at the top of a module is tuned and not
decided: it is tried as 0, which tells whether it is used at all; what happens at it is told by the comparison where it
is used.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
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
_SAYS: Final = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})  # methods of a logger
_FORM: Final = frozenset({"frozen", "slots", "kw_only"})
_SHOWN: Final = 70  # characters of what is changed


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: where, what, and the whole text with it.

    Attributes:
        line: the first line of what changes.
        lines: those of the statement that it is in, without the statements within.
        function: the function or class around it, dotted; "" at the top of the module.
        change: what was there and what is there now, cut; "(2)" behind it where a function has the same one twice.
        text: the module with the change.
        digest: of the change and the top statement around it: it stays when something else of the module changes.
        names: what the statement defines, where it runs when the module is imported; none within a function.
    """

    line: int
    lines: range
    function: str
    change: str
    text: str
    digest: str
    names: frozenset[str]


def mutants(text: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its lines; each of them parses."""
    source = _Source(text)
    found = [mutant for edit in _edits(ast.parse(text), source) if (mutant := source.mutant(edit)) is not None]
    return list(_numbered(sorted(found, key=lambda each: (each.line, each.change))))


def _numbered(found: list[Mutant]) -> Iterator[Mutant]:
    seen: Counter[tuple[str, str]] = Counter()
    for mutant in found:
        key = mutant.function, mutant.change
        seen[key] += 1
        yield mutant if seen[key] == 1 else replace(mutant, change=f"{mutant.change} ({seen[key]})")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands."""

    top: ast.stmt | None = None  # the statement of the module
    statement: ast.stmt | None = None  # the innermost one
    function: str = ""
    deferred: bool = False  # it runs when a function is called, and not on import
    names: frozenset[str] = frozenset()

    def within(self, statement: ast.stmt) -> "_Place":
        """The place of what stands in a statement of this place."""
        names = self.names if self.deferred else self.names | _defined(statement)
        return replace(self, top=self.top or statement, statement=statement, names=names)

    def body(self, named: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> "_Place":
        """The place of what stands in the body of a function or class of this place."""
        function = f"{self.function}.{named.name}".lstrip(".")
        if isinstance(named, ast.ClassDef):
            return replace(self, function=function)
        return replace(self, function=function, deferred=True, names=frozenset())


def _defined(statement: ast.stmt) -> frozenset[str]:
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return frozenset({name})
        case ast.Assign(targets=targets):
            return frozenset(node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            return frozenset({name})
    return frozenset()


@dataclass(frozen=True, slots=True)
class _Edit:
    node: ast.AST
    old: str  # "" stands for the whole node
    new: str
    place: _Place = _Place()


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
        begin = self._starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined] # of every node that is edited
        end = self._starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined] # as above
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
        if changed == whole:
            return None
        place, statement = edit.place, edit.place.statement
        if statement is None:
            return None
        first, last = self.span(place.top or statement)
        around = self._bytes[first:begin], changed.encode(), self._bytes[end:last]
        return Mutant(
            line=edit.node.lineno,  # type: ignore[attr-defined] # as above
            lines=_lines(statement),
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


def _edits(tree: ast.Module, source: _Source) -> Iterator[_Edit]:
    for node, place in _walk(tree, _Place()):
        for edit in _of_node(node, source, place):
            yield replace(edit, place=place)


def _of_node(node: ast.AST, source: _Source, place: _Place) -> Iterator[_Edit]:
    if place.statement is not None and node is _tuned(place):
        yield _Edit(node, "", "timedelta()" if isinstance(node, ast.Call) else "0")
        return
    yield from _of_expression(node, source)
    yield from _of_statement(node)


def _tuned(place: _Place) -> ast.expr | None:
    """The number, or time, that a constant of a module is."""
    if place.deferred or place.function or not isinstance(place.statement, ast.Assign | ast.AnnAssign):
        return None
    value = place.statement.value
    named = all(name.isupper() for name in place.names)
    return value if named and value is not None and _is_number(value) else None


def _is_number(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case ast.BinOp(left=left, right=right):
            return _is_number(left) and _is_number(right)
        case ast.Name(id=name):
            return name.isupper()
        case ast.Call(func=ast.Name(id="timedelta")):
            return True
    return False


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
        case ast.Delete(targets=targets) if all(isinstance(each, ast.Name) for each in targets):
            return  # it tells a checker that a name is not used
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


def _walk(node: ast.AST, place: _Place) -> Iterator[tuple[ast.AST, _Place]]:
    """Every node that decides something: no annotation, docstring, message of an error, format or log line."""
    if isinstance(node, ast.stmt):
        place = place.within(node)
    yield node, place
    if place.statement is not None and node is _tuned(place):
        return
    body = _body(node)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.JoinedStr) or _only_says(child) or _is_typing(node, child) or _is_form(node, child):
            continue
        inside = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and child in body
        yield from _walk(child, place.body(node) if inside else place)  # type: ignore[arg-type] # of a statement that is walked into


def _body(node: ast.AST) -> list[ast.stmt]:
    return node.body if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) else []


def _is_typing(node: ast.AST, child: ast.AST) -> bool:
    annotations = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    return any(child is each for each in annotations) or (
        isinstance(node, ast.If) and child is node.test and "TYPE_CHECKING" in ast.dump(child)
    )


def _is_form(node: ast.AST, child: ast.AST) -> bool:
    if not isinstance(child, ast.keyword):
        return False
    match node:
        case ast.ClassDef() | ast.Call(func=ast.Name(id="dataclass")):
            return child.arg in _FORM
        case ast.Call(func=ast.Name(id="zip")):
            return child.arg == "strict"
    return False


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
