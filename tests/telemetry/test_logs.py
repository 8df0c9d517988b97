"""Logs: a line an event, for people or for collectors."""

import json
import logging
from collections.abc import Iterator

import pytest

from pattern_operator.telemetry import configure


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]):
    configure(level="info", form="json")

    logging.getLogger("pattern_operator.life").warning("two\nlines: pattern=%s", "team/web")

    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert (said["level"], said["logger"]) == ("warning", "pattern_operator.life")
    assert said["message"] == "two\nlines: pattern=team/web"


def test_json_holds_the_whole_of_an_exception(capsys: pytest.CaptureFixture[str]):
    configure(level="info", form="json")

    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("x").exception("failed")

    assert "ValueError: why" in json.loads(capsys.readouterr().err)["exception"]


def test_what_is_below_the_level_is_not_said(capsys: pytest.CaptureFixture[str]):
    configure(level="warning", form="text")

    logging.getLogger("x").info("chatter")
    logging.getLogger("kopf.objects").info("chatter")

    assert capsys.readouterr().err == ""
