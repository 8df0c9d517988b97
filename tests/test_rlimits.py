"""The process takes as many files as it is allowed."""

import logging
import resource

import pytest

from pattern_operator.rlimits import WANTED, raise_open_file_limit

INFINITE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "hard", "set_to"),
    [
        (1024, 524_288, (WANTED, 524_288)),
        (1024, 4096, (4096, 4096)),
        (1024, INFINITE, (WANTED, INFINITE)),
        (4096, 4096, None),
        (WANTED * 2, INFINITE, None),
        (INFINITE, INFINITE, None),
    ],
)
def test_the_soft_limit_is_raised_as_far_as_it_is_wanted_and_allowed(monkeypatch, soft, hard, set_to):
    told = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: told.append(limits))

    now = raise_open_file_limit()

    assert told == ([set_to] if set_to else [])
    assert now == (set_to[0] if set_to else soft)


def test_a_system_that_allows_less_than_it_says_is_not_an_end(monkeypatch, caplog):
    def refuse(*_: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, INFINITE))
    monkeypatch.setattr(resource, "setrlimit", refuse)

    with caplog.at_level(logging.WARNING):
        assert raise_open_file_limit() == 256

    assert "stays at 256" in caplog.text
