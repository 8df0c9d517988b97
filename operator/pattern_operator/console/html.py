"""Renders the templates: every value is escaped, a missing one is an error, and only http(s) links become links."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from pattern_operator.age import age
from pattern_operator.quote import one_line

MAX_SHOWN: Final = 2_048  # bytes of a text of others that a page shows


class Html:
    """All templates, compiled once.

    ``base`` is the path that the console is below, ``now`` gives the time, ``assets`` are the digests of the files that
    pages load, by name.
    """

    def __init__(self, *, base: str, now: Callable[[], datetime], assets: Mapping[str, str]) -> None:
        self._environment = Environment(
            loader=PackageLoader("pattern_operator.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(base=base, assets=dict(assets))
        self._environment.filters.update(
            age=lambda created: age(created, now()), link=web_address, segment=segment, shown=shown
        )
        for name in self._environment.list_templates():  # each takes some 10 ms, which no request should
            self._environment.get_template(name)

    def render(self, template: str, **values: Any) -> str:
        """The text of a template."""
        return self._environment.get_template(template).render(values)


def segment(text: str) -> str:
    """``text`` as one part of the path of a URL."""
    return quote(text, safe="")


def shown(text: str) -> str:
    """A text of others on one line, cut where it is long."""
    return one_line(text, MAX_SHOWN)


def web_address(text: str) -> str:
    """``text`` where it is an http(s) address that browsers may be led to, else nothing."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    plain = text.isascii() and text.isprintable() and not set(text) & set(" \"'<>\\")
    return text if plain and parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc else ""
