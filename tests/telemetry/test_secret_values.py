"""Values of Secrets in texts about a pattern: masked wherever they stand, and nothing else is."""

import json
import logging
from itertools import islice, product

import pytest

from pattern_operator.quote import MASK, quoted
from pattern_operator.telemetry import about_name, configure
from pattern_operator.telemetry.secret_values import LONGEST, MAX_VALUES, Mask, SecretValues, counts

WEB = "team/web"


def masked(text: str, *values: str) -> str:
    secrets = SecretValues()
    secrets.remember(WEB, values)
    return secrets.of(WEB).text(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "stringData.zq7Kvmw3 of Secret a differs",
            f"stringData.{MASK} of Secret a differs",
        ),
        ('containers[name="zq7Kvmw3"].env[name="zq7Kvmw3"]', f'containers[name="{MASK}"].env[name="{MASK}"]'),
        ("created: ConfigMap team/zq7kvmw3", f"created: ConfigMap team/{MASK}"),
        ("db-zq7kvmw3-0 and appzq7kvmw3x", f"db-{MASK}-0 and app{MASK}x"),
        ("the API server has no kind zq7Kvmw3", f"the API server has no kind {MASK}"),
        ("pin 123456, and not 1234567 or a123456", f"pin {MASK}, and not 1234567 or a123456"),
        ("data.changeme-x but exchangeme is another word", f"data.{MASK}-x but exchangeme is another word"),
        ("ConfigMap team/zq7K\u2026; more", f"ConfigMap team/{MASK}\u2026; more"),
        ("ConfigMap team/zq7\u2026", "ConfigMap team/zq7\u2026"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_a_value_is_masked_wherever_it_stands(text: str, shown: str):
    assert masked(text, "zq7Kvmw3", "123456", "changeme") == shown


@pytest.mark.parametrize("value", [r"it's-a\b1", r'say"it"-1', r"""<&>"'-\x1"""])
def test_a_value_is_masked_also_where_it_stands_between_quotation_marks(value: str):
    for shown in (value, repr(value)[1:-1], repr(f"{value}\"'")[1:-4], json.dumps(value)[1:-1], quoted(value)[1:-1]):
        assert masked(f"data[{shown}]: no", value) == f"data[{MASK}]: no"


def test_the_part_of_a_value_in_which_it_was_cut_between_quotation_marks_is_masked():
    name = "x" * 250 + "-zq7Kvmw3"

    assert masked(f"{quoted(name)} is not a valid name", "zq7Kvmw3") == f"'{'x' * 250}-{MASK}'... is not a valid name"


def test_the_longer_of_two_values_is_masked_as_a_whole():
    assert masked("data.zq7Kvmw3-more", "zq7Kvmw3", "zq7Kvmw3-more") == f"data.{MASK}"


@pytest.mark.parametrize("value", ["zq7Kvmw3", "changeme", "123456", "a.b-c_d1", "x" * LONGEST])
def test_what_may_be_a_password_counts(value: str):
    assert counts(value)


@pytest.mark.parametrize(
    "value", ["", "1", "true", "web", "default", "5432", "12345", "--------", "two\nlines12", "x" * (LONGEST + 1)]
)
def test_what_messages_are_full_of_and_what_is_no_name_does_not_count(value: str):
    assert not counts(value)


def test_another_pattern_is_not_masked():
    secrets = SecretValues()
    secrets.remember(WEB, ["zq7Kvmw3"])

    assert secrets.of("team/other").text("zq7Kvmw3") == "zq7Kvmw3"


def test_the_value_before_the_newest_is_masked_too():
    secrets = SecretValues()
    for number in range(2):
        secrets.remember(WEB, [f"password-{number}"])
        secrets.remember(WEB, [f"password-{number}"])  # most runs read the same again
    assert secrets.of(WEB).text("password-0 password-1") == f"{MASK} {MASK}"

    secrets.remember(WEB, ["password-2"])

    assert secrets.of(WEB).text("password-0 password-2") == f"password-0 {MASK}"


def test_a_pattern_that_takes_no_secret_any_more_is_masked_for_what_it_had():
    secrets = SecretValues()
    secrets.remember(WEB, ["zq7Kvmw3"])
    secrets.remember(WEB, [])

    assert secrets.of(WEB).text("zq7Kvmw3") == MASK


def test_of_a_pattern_that_is_gone_nothing_is_kept():
    secrets = SecretValues()
    secrets.remember(WEB, ["zq7Kvmw3"])
    secrets.forget(WEB)

    assert secrets.of(WEB) == Mask()


def test_of_very_many_values_those_with_digits_are_masked():
    secrets = SecretValues()
    words = ["".join(each) for each in islice(product("abcdefgh", repeat=8), 2 * MAX_VALUES)]
    secrets.remember(WEB, [*words, "zq7Kvmw3"])

    assert len(secrets.of(WEB).values) == MAX_VALUES
    assert secrets.of(WEB).text("zq7Kvmw3") == MASK


def test_a_line_about_a_pattern_is_masked_whoever_writes_it(capsys: pytest.CaptureFixture[str]):
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    secrets, logger = SecretValues(), logging.getLogger("pattern_operator.x")
    secrets.remember(WEB, ["zq7Kvmw3"])
    try:
        configure(level="info", form="text")
        with secrets.masked_in_logs():
            logger.warning("%s fails", "zq7kvmw3", extra=about_name("team", "web"))
            logger.warning("100%% of %s", "zq7Kvmw3", extra=about_name("team", "other"))
        logger.warning("it is over: %s", "zq7Kvmw3", extra=about_name("team", "web"))
    finally:
        root.handlers[:], root.level = before, level

    masked_line, of_another, later = capsys.readouterr().err.splitlines()
    assert masked_line.endswith(f"{MASK} fails")
    assert of_another.endswith("100% of zq7Kvmw3")
    assert later.endswith("it is over: zq7Kvmw3")
