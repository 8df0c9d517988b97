"""The small changes of a tree: which nodes decide something, and what stands in their place. What only speaks is left.

What a checker or a reader holds and no caller sees (``frozen``, ``slots`` and ``kw_only`` of classes, ``strict`` of
``zip``, ``del`` of a name) is no change either, nor a docstring. A number that is named at the top of a module is tuned
and not decided: it is tried as 0, which tells whether it is used at all; what happens at it is told by the comparison
where it is used.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from tools.mutation.source import Source

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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands."""

    top: ast.stmt | None = None  # the statement of the module
    statement: ast.stmt | None = None  # the innermost one
    function: str = ""
    around: ast.stmt | None = None  # the innermost function
    deferred: bool = False  # it runs when a function is called, and not on import
    names: frozenset[str] = frozenset()

    def within(self, statement: ast.stmt) -> "Place":
        """The place of what stands in a statement of this place."""
        names = self.names if self.deferred else self.names | _defined(statement)
        return replace(self, top=self.top or statement, statement=statement, names=names)

    def body(self, named: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> "Place":
        """The place of what stands in the body of a function or class of this place."""
        function = f"{self.function}.{named.name}".lstrip(".")
        if isinstance(named, ast.ClassDef):
            return replace(self, function=function)
        return replace(self, function=function, around=named, deferred=True, names=frozenset())


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
class Edit:
    node: ast.AST
    old: str  # "" stands for the whole node
    new: str
    place: Place = Place()


def edits(tree: ast.Module, source: Source) -> Iterator[Edit]:
    """Every change of a module, in no order."""
    for node, place in _walk(tree, Place()):
        for edit in _of_node(node, source, place):
            yield replace(edit, place=place)


def _of_node(node: ast.AST, source: Source, place: Place) -> Iterator[Edit]:
    if place.statement is not None and node is _tuned(place):
        yield Edit(node, "", "timedelta()" if isinstance(node, ast.Call) else "0")
        return
    yield from _of_expression(node, source)
    yield from _of_statement(node)


def _tuned(place: Place) -> ast.expr | None:
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


def _of_expression(node: ast.AST, source: Source) -> Iterator[Edit]:
    match node:
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            yield from _comparisons(node, [left, *comparators], ops, source)
        case ast.BoolOp(op=op, values=values):
            words = ("and", "or") if isinstance(op, ast.And) else ("or", "and")
            for left, right in pairwise(values):
                yield from _between(node, left, right, *words, source)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield Edit(node, "", f"({source.text(operand)})")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS and not _is_text(left, right):
            sign = source.between(left, right).strip(" ()\n")
            yield from _between(node, left, right, sign, _SIGNS[type(op)], source)
        case ast.Constant(value=bool() as value):
            yield Edit(node, "", str(not value))
        case ast.Constant(value=int() as value):
            yield Edit(node, "", str(value + 1))
        case ast.comprehension(ifs=ifs):
            yield from (Edit(condition, "", "True") for condition in ifs)


def _of_statement(node: ast.AST) -> Iterator[Edit]:
    match node:
        case ast.Return(value=ast.AST() as value) if not isinstance(value, ast.Constant):
            yield Edit(value, "", "None")
        case ast.Expr(value=ast.Call() | ast.Await()) if not _only_says(node):
            yield Edit(node, "", "pass")
        case ast.Delete(targets=targets) if all(isinstance(each, ast.Name) for each in targets):
            return  # it tells a checker that a name is not used
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.AugAssign() | ast.Delete():
            yield Edit(node, "", "pass")
        case ast.Continue() | ast.Break() | ast.Raise():
            yield Edit(node, "", "pass")


def _comparisons(node: ast.Compare, sides: list[ast.expr], ops: list[ast.cmpop], source: Source) -> Iterator[Edit]:
    for left, op, right in zip(sides, ops, sides[1:], strict=False):
        words = source.between(left, right).strip(" ()\n")
        yield from _between(node, left, right, words, _COMPARED[type(op)], source)


def _between(node: ast.AST, left: ast.AST, right: ast.AST, old: str, new: str, source: Source) -> Iterator[Edit]:
    """Another operator between two parts of a node."""
    begin, _ = source.span(node)
    whole, gap = source.text(node), source.between(left, right)
    if gap.count(old) != 1:
        return  # a comment stands there
    at = len(whole.encode()[: source.span(left)[1] - begin].decode())
    yield Edit(node, f"{whole[:at]}{gap.replace(old, chr(0))}{whole[at + len(gap) :]}", new)


def _walk(node: ast.AST, place: Place) -> Iterator[tuple[ast.AST, Place]]:
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
