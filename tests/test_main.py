"""The operator's command line: what it takes, and what it says of what it does not."""

import gc
import sys

import pytest

from pattern_operator.__main__ import SWITCH_SECONDS, YOUNG_OBJECTS, main, parser
from pattern_operator.settings import Settings


@pytest.mark.parametrize(
    ("text", "size"), [("1024", 1024), ("512Ki", 512 * 1024), ("64Mi", 64 * 2**20), ("2Gi", 2**31)]
)
def test_a_size_is_a_quantity_of_kubernetes(text: str, size: int):
    assert parser().parse_args(["run", "--cache-size", text]).cache_size == size


@pytest.mark.parametrize(
    ("text", "address"), [(":8080", ("", 8080)), ("127.0.0.1:0", ("127.0.0.1", 0)), ("[::1]:80", ("::1", 80))]
)
def test_an_address_is_a_host_and_a_port(text: str, address: tuple[str, int]):
    assert parser().parse_args(["run", "--metrics-bind", text]).metrics_bind == address


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--cache-size", "2GB"], "write it as 512Mi or 2Gi"),
        (["run", "--cache-size", "-1"], "write it as 512Mi or 2Gi"),
        (["run", "--metrics-bind", "8080x"], "write it as 127.0.0.1:8080 or :8080"),
        (["run", "--metrics-bind", ":99999"], "write it as 127.0.0.1:8080 or :8080"),
        (["run", "--concurrency", "0"], "at least 1"),
        (["run", "--log-format", "xml"], "invalid choice"),
        (["run", "--registry-network", "private"], "invalid choice"),
        (["run", "--default-service-account", "a:b"], "is not the name of a ServiceAccount"),
        (["run", "--default-service-account", ""], "is not the name of a ServiceAccount"),
        ([], "COMMAND"),
    ],
)
def test_what_cannot_be_understood_says_what_is_right(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as end:
        main(arguments)

    assert end.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], "Any"),
        (["--registry-network", "Public"], "Public"),
        (["--registry-network=Any"], "Any"),
        (["--registry-network=public"], "Public"),
    ],
)
def test_where_registries_may_be_is_handed_on(
    arguments: list[str], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Settings] = []

    async def run(settings: Settings, _: object) -> int:
        found.append(settings)
        return 0

    monkeypatch.setattr("pattern_operator.manager.run", run)
    monkeypatch.setattr("pattern_operator.telemetry.configure", lambda **_: None)

    assert main(["run", *arguments]) == 0
    assert [settings.registry_network for settings in found] == [wanted]


def test_a_thread_that_computes_gives_the_event_loop_way_sooner_than_python_asks_for(monkeypatch: pytest.MonkeyPatch):
    found = []

    async def run(_: object, __: object) -> int:
        found.append(sys.getswitchinterval())
        return 0

    monkeypatch.setattr("pattern_operator.manager.run", run)
    monkeypatch.setattr("pattern_operator.telemetry.configure", lambda **_: None)
    before, threshold = sys.getswitchinterval(), gc.get_threshold()
    try:
        main(["run"])
    finally:
        sys.setswitchinterval(before)
        gc.set_threshold(*threshold)

    assert found == [pytest.approx(SWITCH_SECONDS)]


def test_what_was_loaded_is_kept_from_the_garbage_collector_and_young_objects_are_looked_at_less(
    monkeypatch: pytest.MonkeyPatch,
):
    found = []

    async def run(_: object, __: object) -> int:
        found.append((gc.get_threshold()[0], gc.get_freeze_count() > 0))
        return 0

    monkeypatch.setattr("pattern_operator.manager.run", run)
    monkeypatch.setattr("pattern_operator.telemetry.configure", lambda **_: None)
    switch, threshold = sys.getswitchinterval(), gc.get_threshold()
    gc.unfreeze()
    try:
        main(["run"])
    finally:
        sys.setswitchinterval(switch)
        gc.set_threshold(*threshold)
        gc.unfreeze()

    assert found == [(YOUNG_OBJECTS, True)]
