"""Logs: a line an event, for people or for collectors."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from pattern_operator.api.designpattern import decode
from pattern_operator.telemetry import about, about_name, configure, events
from pattern_operator.telemetry.logs import BURST, MAX_LINE, MAX_SOURCES, PACE, RepeatFilter


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]):
    configure(level="info", form="json")

    logging.getLogger("pattern_operator.manager").warning("two\nlines: pattern=%s", "team/web")

    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert (said["level"], said["logger"]) == ("warning", "pattern_operator.manager")
    assert said["message"] == "two\nlines: pattern=team/web"


def pattern(name="web", **status):
    source = {"url": "oci://registry.example/web", "ref": {"tag": "1"}}
    return decode({"metadata": {"name": name, "namespace": "team"}, "spec": {"source": source}, "status": status})


def test_json_says_in_fields_whom_a_line_is_about(capsys: pytest.CaptureFixture[str]):
    configure(level="info", form="json")
    runs = pattern(version="1.4.2", digest="sha256:0a")

    logging.getLogger("pattern_operator.x").warning("no", extra=about(runs, stage="verify", reason="KeyInvalid"))

    said = json.loads(capsys.readouterr().err)
    assert said.items() >= {"pattern": "team/web", "namespace": "team", "name": "web", "message": "no"}.items()
    assert (
        said.items() >= {"stage": "verify", "reason": "KeyInvalid", "version": "1.4.2", "digest": "sha256:0a"}.items()
    )


@pytest.mark.parametrize(("kind", "level"), [("Normal", "info"), ("Warning", "warning")])
def test_each_event_is_a_line_with_stage_and_reason_in_fields(
    capsys: pytest.CaptureFixture[str], kind: Any, level: str
):
    configure(level="info", form="json")

    events._log(pattern(), kind=kind, reason="SignatureMissing", action="verify", note="no signature: sign it")

    said = json.loads(capsys.readouterr().err)
    assert said.items() >= {"pattern": "team/web", "stage": "verify", "reason": "SignatureMissing"}.items()
    assert (said["level"], said["message"].endswith("no signature: sign it")) == (level, True)


def test_what_is_not_known_is_not_a_field(capsys: pytest.CaptureFixture[str]):
    configure(level="info", form="json")

    logging.getLogger("pattern_operator.x").warning("no", extra=about(pattern()))
    logging.getLogger("pattern_operator.x").warning("no", extra=about_name("team", "web"))
    logging.getLogger("pattern_operator.x").warning("no")

    first, second, third = map(json.loads, capsys.readouterr().err.splitlines())
    named = {"time", "level", "logger", "message", "pattern", "namespace", "name"}
    assert (set(first), set(second), set(third)) == (named, named, {"time", "level", "logger", "message"})


FORGED = '1.0\n{"level": "error", "pattern": "other/db"}\x1b[31m'


def test_a_field_cannot_forge_a_line_or_another_field(capsys: pytest.CaptureFixture[str]):
    configure(level="info", form="json")
    extra = {"about": {"pattern": FORGED, "version": "v" * 100_000, "level": "error", "message": "forged", "name": 5}}

    logging.getLogger("pattern_operator.x").info("said: %s", FORGED, extra=extra)
    logging.getLogger("pattern_operator.x").info("said", extra={"about": ["not", "fields"]})

    line, other = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert (said["level"], said["name"]) == ("info", "5")
    assert said["message"].startswith("said: 1.0")
    assert not {"\n", "\x1b"} & set(said["pattern"])
    assert len(line) < 4096
    assert json.loads(other)["message"] == "said"


def test_text_of_others_begins_no_line_of_its_own(capsys: pytest.CaptureFixture[str]):
    configure(level="info", form="text")

    logging.getLogger("pattern_operator.x").info("said: %s", "a\n2026-01-01 00:00:00,000 ERROR   forged")
    logging.getLogger("kopf").warning("said: %s", "a\n2026-01-01 00:00:00,000 ERROR   forged")

    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith("2026-01-01 00:00:00,000")] == []


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_exception_is_told_by_its_type_and_place_and_not_by_values(capsys: pytest.CaptureFixture[str], form: Any):
    configure(level="info", form=form)

    try:
        raise ValueError("no number: tulipwood")
    except ValueError:
        logging.getLogger("pattern_operator.x").exception("failed")

    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "test_logs.py" in said
    assert "tulipwood" not in said


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("logger", ["pattern_operator.x", "kopf", "asyncio"])
def test_a_line_ends(capsys: pytest.CaptureFixture[str], form: Any, logger: str):
    configure(level="info", form=form)

    logging.getLogger(logger).warning("said: %s", "word \x1b[31m" * 1_000_000)

    said = capsys.readouterr().err
    assert len(said) < 2 * MAX_LINE
    assert "\x1b" not in said


def test_what_libraries_say_has_no_credential_and_no_text_of_an_exception_in_it(capsys: pytest.CaptureFixture[str]):
    configure(level="info", form="text")

    logging.getLogger("kopf").warning("cannot reach https://me:tulipwood@registry.example")
    logging.getLogger("asyncio").error("never retrieved\nfuture: <Task exception=ValueError('tulipwood')>")

    said = capsys.readouterr().err
    assert "registry.example" in said
    assert "tulipwood" not in said


def test_what_is_below_the_level_is_not_said(capsys: pytest.CaptureFixture[str]):
    configure(level="warning", form="text")

    logging.getLogger("x").info("chatter")
    logging.getLogger("kopf.objects").info("chatter")

    assert capsys.readouterr().err == ""


def test_a_pattern_that_says_the_same_over_and_over_is_counted_and_the_others_are_heard():
    now = 0.0
    bounded = RepeatFilter(clock=lambda: now)

    said = [bounded.filter(line("team/web", number)) for number in range(500)]
    other = bounded.filter(line("team/other", 1))
    now += PACE
    later = line("team/web", 500)

    assert sum(said) == BURST
    assert other
    assert bounded.filter(later)
    assert later.getMessage() == f"failed: pattern=team/web: 500 ({500 - BURST} more like it were left out)"
    now += PACE
    last = line("team/web", 501)
    assert bounded.filter(last)
    assert last.getMessage() == "failed: pattern=team/web: 501"


def test_lines_of_many_patterns_are_counted_in_bounded_memory():
    bounded = RepeatFilter(clock=lambda: 0.0)

    for number in range(3 * MAX_SOURCES):
        bounded.filter(line(f"team/{number}", 0))

    assert len(bounded._sources) == MAX_SOURCES


def line(about: str, value: int) -> logging.LogRecord:
    return logging.LogRecord("x", logging.WARNING, "x.py", 1, "failed: pattern=%s: %s", (about, value), None)
