"""Puts the code of a mutant into the functions of a module that is imported already, which costs no import.

A function that others imported by name, or that a decorator wraps, is the same object: it is found by the collector of
garbage and given the code of the mutant. What runs on import (constants, tables, decorators, defaults) is not in a
function: such a mutant is imported anew.
"""

import gc
import inspect
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FunctionType

Key = tuple[str, tuple[object, ...]]


class CannotSwapError(Exception):
    """The mutant changes what runs on import, or what a closure holds."""


def functions_below(folder: Path) -> Mapping[Key, Sequence[FunctionType]]:
    """The functions that live, of all modules below a folder, by what tells the code of one from another."""
    found: defaultdict[Key, list[FunctionType]] = defaultdict(list)
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename.startswith(str(folder)):
            found[_key(each.__code__)].append(each)
    return found


def swap(text: str, mutant: str, file: Path, functions: Mapping[Key, Sequence[FunctionType]]) -> None:
    """Make the functions of a module behave as in the mutant.

    Raises:
        CannotSwapError: it must be imported; nothing, or a part, was swapped.
    """
    pairs = _changed(compile(text, str(file), "exec"), compile(mutant, str(file), "exec"))
    swapped = 0
    for old, new in list(pairs):
        for function in functions.get(_key(old), ()):
            try:
                function.__code__ = new
            except ValueError as error:
                raise CannotSwapError from error
            swapped += 1
    if not swapped:
        raise CannotSwapError


def _changed(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The code of each function that differs, those around it first."""
    is_function = bool(old.co_flags & inspect.CO_OPTIMIZED)
    same = _own(old) == _own(new)
    if not same and not is_function:
        raise CannotSwapError
    within, within_new = _nested(old), _nested(new)
    if is_function and (not same or _everything(old) != _everything(new)):
        yield old, new
    if [each.co_name for each in within] == [each.co_name for each in within_new]:
        for before, after in zip(within, within_new, strict=True):
            yield from _changed(before, after)


def _nested(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def _own(code: CodeType) -> tuple[object, ...]:
    constants = tuple((type(each), each) for each in code.co_consts if not isinstance(each, CodeType))
    return code.co_code, code.co_names, constants, code.co_freevars, code.co_cellvars, len(_nested(code))


def _everything(code: CodeType) -> tuple[object, ...]:
    return _own(code), tuple(_everything(each) for each in _nested(code))


def _key(code: CodeType) -> Key:
    return code.co_filename, (code.co_qualname, code.co_firstlineno, *code.co_positions())
