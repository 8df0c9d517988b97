"""A condition is evaluated where it can take nothing but its limits, and what it does to its process does not hold."""

import subprocess
import sys

import pytest

from pattern_operator.conditions.process import ConditionLimits, evaluate
from pattern_operator.limits import MIB


def test_what_holds_and_what_does_not_come_back_from_the_process():
    assert evaluate("predicate.n == 1", b'{"n": 1}') is None
    assert evaluate("predicate.n == 1", b'{"n": 2}') == "does not hold"
    assert evaluate("predicat", b"{}") == "does not compile: 1:1: undeclared reference to 'predicat' (in container '')"


def test_texts_of_other_alphabets_come_through():
    assert evaluate("predicate == 'Grüße \U0001f600'", '"Grüße \U0001f600"'.encode()) is None
    assert evaluate("\udc80", b"{}") is not None  # half a letter


@pytest.mark.parametrize("value", ["'" + "x" * 1000 + "'", "[1, 2, 3, 4, 5, 6, 7, 8]"], ids=["a text", "a list"])
def test_what_doubles_itself_is_ended_and_does_not_hold(value):
    doubled = f"[{value}]" + ".map(a, a + a)" * 24 + "[0].size() > 1"

    why = evaluate(doubled, b"{}")

    assert why is not None
    assert "memory" in why or "of the processor" in why


def test_what_compares_for_long_is_ended_by_the_time_of_the_processor():
    shared = "[0]" + ".map(a, [a, a, a, a, a, a, a, a])" * 12

    why = evaluate(f"{shared} == {shared}", b"{}", limits=ConditionLimits(cpu_seconds=1))

    assert why is not None
    assert "of the processor" in why or "memory" in why or "Iteration budget" in why


@pytest.fixture
def worker(monkeypatch):
    """Let another program be the worker, whatever has become of it."""

    def become(program):
        real = subprocess.Popen
        monkeypatch.setattr(
            subprocess, "Popen", lambda _words, **options: real([sys.executable, "-c", program], **options)
        )

    return become


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import time; time.sleep(60)", "cannot be judged: it took longer than 1 s"),
        ("while True: print('y' * 1000)", "cannot be judged: it took longer than 1 s"),
        ("print('y', end=''); raise SystemExit(1)", "cannot be judged: it took too much memory"),
        ("print('yes', end='')", "cannot be judged: it took too much memory"),
        ("", "cannot be judged: it took too much memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "cannot be judged: it took longer than 2 s of the"),
        ("import os; os.abort()", "cannot be judged: it took too much memory"),
        ("print('npassword=hunter2', end='')", "password=***"),
        ("print('n\\x1b[31mred', end='')", " [31mred".strip()),
    ],
    ids=["silent", "endless", "failed", "another answer", "nothing", "processor", "crashed", "a secret", "a terminal"],
)
def test_of_a_process_that_was_taken_over_little_is_believed(worker, program, why):
    worker(program)

    said = evaluate("true", b"{}", limits=ConditionLimits(seconds=1.0))

    assert said is not None
    assert said.startswith(why)


def test_where_no_process_can_be_started_nothing_holds(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    assert evaluate("true", b"{}") == "cannot be judged: no process can be started (No such file or directory)"


def test_a_predicate_of_the_greatest_size_fits_into_the_limits():
    predicate = b'{"packages": [' + b",".join([b'{"name": "x"}'] * (MIB // 15)) + b"]}"

    assert evaluate("predicate.packages.size() > 1000 && predicate.packages[9].name == 'x'", predicate) is None
