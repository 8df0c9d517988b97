"""Logs: one line an event, as text for people or as JSON for collectors, on standard error."""

import json
import logging
import re
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from pattern_operator.error_text import trace_of
from pattern_operator.quote import cut, foreign, one_line
from pattern_operator.telemetry.logfields import ATTRIBUTE, FIELDS
from pattern_operator.token_bucket import TokenBucket

BURST: Final = 50  # repeated lines about one pattern, at once
PACE: Final = 10.0  # seconds between further ones
MAX_SOURCES: Final = 4_096  # whose lines are counted

LogFormat = Literal["text", "json"]

MAX_LINE: Final = 8192  # bytes of a message of ours
MAX_FOREIGN: Final = 2048  # of a library's
_EXCEPTION: Final = re.compile(r"exception=.*", re.DOTALL)  # asyncio shows a task with what its exception says


class _Formatter(logging.Formatter):
    """Bounds each line, and shows no text of an exception that may quote a value (``error_text``)."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the standard library's name
        return "\n".join(trace_of(ei[1])) if ei[1] is not None else ""

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # what another handler may have kept there
        return super().format(record)


class _TextFormatter(_Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        record.message = message_of(record).replace("\n", "\n  ")  # untrusted text cannot begin a line
        return super().formatMessage(record)


class _JsonFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message_of(record),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _fields(record: logging.LogRecord) -> dict[str, str]:
    """The fields of ``FIELDS`` that the record has, each on one line, and cut."""
    said = getattr(record, ATTRIBUTE, None)
    return {name: one_line(str(said[name])) for name in FIELDS if name in said} if isinstance(said, dict) else {}


@dataclass(slots=True)
class _Source:
    bucket: TokenBucket = field(default_factory=lambda: TokenBucket(BURST, PACE))
    left_out: int = 0


class RepeatFilter(logging.Filter):
    """Limits repeated lines, so that no pattern floods the log.

    Lines with the same format and the same first argument (the pattern) share a bucket. After a burst one line in
    ``PACE`` seconds passes, and says how many were left out.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._sources: OrderedDict[tuple[str, str, str], _Source] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        about = record.args[0] if isinstance(record.args, tuple) and record.args else ""
        source = self._source((record.name, str(record.msg), str(about)))
        if not source.bucket.take(self._clock()):
            source.left_out += 1
            return False
        if source.left_out:
            record.msg, record.args = "%s (%d more like it were left out)", (record.getMessage(), source.left_out)
            source.left_out = 0
        return True

    def _source(self, key: tuple[str, str, str]) -> _Source:
        source = self._sources.setdefault(key, _Source())
        self._sources.move_to_end(key)
        if len(self._sources) > MAX_SOURCES:
            self._sources.popitem(last=False)
        return source


def message_of(record: logging.LogRecord) -> str:
    """The message of a record: ours cut and printable, a library's without what may be a credential."""
    text = record.getMessage()
    if record.name.partition(".")[0] == "pattern_operator":
        head = text[: 2 * MAX_LINE]
        return cut("".join(letter if letter.isprintable() or letter == "\n" else " " for letter in head), MAX_LINE)
    return foreign(_EXCEPTION.sub("exception=(not shown)", text), MAX_FOREIGN)


def configure(*, level: str, form: LogFormat) -> None:
    """Send all logs to standard error; kopf, which logs every event it sees, only from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    text = _TextFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(_JsonFormatter() if form == "json" else text)
    if level != "debug":
        handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("kopf").setLevel(logging.WARNING)
