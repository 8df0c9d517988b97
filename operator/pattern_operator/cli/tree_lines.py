"""A graph as lines for people: the nested list, with the sign, the state and the words of each part."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from pattern_operator.cli import output

if TYPE_CHECKING:
    from pattern_operator.graph import Item

_RED: Final = frozenset({"Failed", "NotFound", "Refused"})
_COLOURS: Final = {"Current": "green", "Outside": "dim", "Skipped": "dim"}
_PLAIN: Final = "Rendered"  # of what is in no cluster: it says nothing that the reader does not know


def tree_lines(items: "Sequence[Item]") -> Iterator[str]:
    """A line for each item, and below it those of its own; not by recursion, because nobody bounds a chain."""
    waiting = [(item, "", "") for item in reversed(items)]
    while waiting:
        item, branch, inner = waiting.pop()
        yield branch + _line(item)
        last = len(item.items) - 1
        below = [
            (each, inner + ("└─ " if number == last else "├─ "), inner + ("   " if number == last else "│  "))
            for number, each in enumerate(item.items)
        ]
        waiting += reversed(below)


def _line(item: "Item") -> str:
    node = item.node
    led = item.relation if item.relation != "owns" else ""
    state = "" if node.state == _PLAIN else str(node.state)
    more = [f"and {item.more_further} more"] if item.more_further else []
    further = f"({', '.join([*item.further, *more])})" if item.further else ""
    title = " ".join(filter(None, (led, node.state.sign, node.display_name)))
    line = "   ".join(output.plain(each) for each in (title, state, node.message, further) if each)
    colour = "red" if node.state in _RED else _COLOURS.get(node.state, "" if node.state == _PLAIN else "yellow")
    return output.colour(line, colour) if colour else line
