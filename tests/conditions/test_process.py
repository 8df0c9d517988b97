"""A condition is evaluated where it can take nothing but its limits, and what it does to its process does not hold."""

import errno
import os
import resource
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from pattern_operator.api.reason import Reason
from pattern_operator.conditions import process
from pattern_operator.conditions.answer import DoesNotHold, Holds, NotNow, Unusable
from pattern_operator.conditions.process import ConditionLimits, ConditionProcesses, compile_errors, evaluate
from pattern_operator.errors import Transient
from pattern_operator.limits import MIB

BEGUN = "import os, signal; os.write(1, b'b')"
UNKNOWN = "does not compile: 1:1: undeclared reference to 'predicat' (in container '')"


def test_what_holds_and_what_does_not_come_back_from_the_process():
    assert evaluate("predicate.n == 1", b'{"n": 1}') == Holds()
    assert evaluate("predicate.n == 1", b'{"n": 2}') == DoesNotHold("does not hold")
    assert evaluate("predicat", b"{}") == Unusable(UNKNOWN)


def test_texts_of_other_alphabets_come_through():
    assert evaluate("predicate == 'Grüße \U0001f600'", '"Grüße \U0001f600"'.encode()) == Holds()
    assert isinstance(evaluate("\udc80", b"{}"), Unusable)  # half a letter


@pytest.mark.parametrize("value", ["'" + "x" * 1000 + "'", "[1, 2, 3, 4, 5, 6, 7, 8]"], ids=["a text", "a list"])
def test_what_doubles_itself_is_ended_and_is_not_usable(value):
    doubled = f"[{value}]" + ".map(a, a + a)" * 24 + "[0].size() > 1"

    why = evaluate(doubled, b"{}")

    assert isinstance(why, Unusable)
    assert "memory" in why.why or "of the processor" in why.why


def test_what_compares_for_long_is_ended_by_the_time_of_the_processor():
    shared = "[0]" + ".map(a, [a, a, a, a, a, a, a, a])" * 12

    why = evaluate(f"{shared} == {shared}", b"{}", limits=ConditionLimits(cpu_seconds=1))

    assert isinstance(why, Unusable)
    assert "of the processor" in why.why or "memory" in why.why or "Iteration budget" in why.why


@pytest.fixture
def worker(monkeypatch):
    """Let another program be the worker, whatever has become of it."""

    def become(program):
        real = subprocess.Popen
        monkeypatch.setattr(
            subprocess, "Popen", lambda _words, **options: real([sys.executable, "-c", program], **options)
        )

    return become


OWN, SLOW = "takes too much memory, or makes its process fail", "it took longer than 1 s"


@pytest.mark.parametrize(
    ("program", "answer"),
    [
        ("import time; time.sleep(60)", NotNow(SLOW)),
        ("print('b', end='', flush=True); import time; time.sleep(60)", NotNow(SLOW)),
        ("print('b', end='', flush=True)\nwhile True: print('y' * 1000)", Unusable(OWN)),
        ("print('by', end=''); raise SystemExit(1)", Unusable(OWN)),
        ("raise SystemExit(1)", NotNow("its process could not start")),
        ("print('y', end='')", NotNow("its process could not start")),
        ("", NotNow("its process could not start")),
        ("print('byes', end='')", Unusable(OWN)),
        ("print('b', end='')", Unusable(OWN)),
        (f"{BEGUN}; os.kill(os.getpid(), signal.SIGXCPU)", Unusable("takes longer than 2 s of the processor")),
        (f"{BEGUN}; os.abort()", Unusable(OWN)),
        (f"{BEGUN}; os.kill(os.getpid(), signal.SIGSEGV)", Unusable(OWN)),
        (f"{BEGUN}; os.kill(os.getpid(), signal.SIGKILL)", NotNow("its process was ended from outside")),
        (f"{BEGUN}; os.kill(os.getpid(), signal.SIGTERM)", NotNow("its process was ended from outside")),
        ("import os; os.abort()", NotNow("its process was ended from outside")),
        ("print('bnpassword=hunter2', end='')", DoesNotHold("password=***")),
        ("print('bn\\x1b[31mred', end='')", DoesNotHold("[31mred")),
        ("print('by', end='')", Holds()),
    ],
    ids=[
        *("silent", "begun and silent", "endless", "failed", "not started", "not begun", "nothing", "another answer"),
        *("no answer", "processor", "crashed", "crashed in C", "killed", "told to end", "crashed before it began"),
        *("a secret", "a terminal", "an answer"),
    ],
)
def test_what_became_of_the_process_says_whose_fault_it_is(worker, program, answer):
    worker(program)

    assert evaluate("true", b"{}", limits=ConditionLimits(seconds=1.0 if answer == NotNow(SLOW) else 20.0)) == answer


def test_where_no_process_can_be_started_nothing_is_known(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    assert evaluate("true", b"{}") == NotNow("no process can be started (No such file or directory)")


def test_where_no_file_can_be_opened_nothing_is_known(monkeypatch):
    def full(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files in [/tmp, /home/somebody]")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)

    assert evaluate("true", b"{}") == NotNow("no process can be started (Too many open files)")


def test_a_process_that_has_many_files_open_judges_all_the_same():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        for _ in range(1100):
            stack.enter_context(open(os.devnull, "rb"))  # noqa: PTH123 - a handle above 1023, which select() refuses

        assert evaluate("true", b"{}") == Holds()


# --- whether conditions compile ---


def test_all_conditions_of_a_policy_are_compiled_in_one_process():
    assert compile_errors(("predicate.n == 1", "predicat", "1 + 1", "true")) == [
        None,
        Unusable(UNKNOWN),
        Unusable("is not a condition: it gives int and not true or false"),
        None,
    ]


def test_one_that_ends_the_process_of_all_is_found(monkeypatch):
    began, real = list[bytes](), process._said

    def one_crashes(mode, job, **more):
        began.append(job)
        return process._FAILED if b"crashes" in job else real(mode, job, **more)

    monkeypatch.setattr(process, "_said", one_crashes)

    assert compile_errors(("true", "crashes")) == [None, Unusable(OWN)]
    assert began == [b'["true","crashes"]', b'["true"]', b'["crashes"]']


@pytest.mark.parametrize("program", ["print('b[]', end='')", "print('b{', end='')", "print('b[1]', end='')"])
def test_an_answer_that_is_none_makes_the_condition_unusable(worker, program):
    worker(program)

    assert compile_errors(("true",)) == [Unusable(OWN)]


def test_whether_a_condition_compiles_is_found_out_once(monkeypatch):
    asked, real = list[tuple[str, ...]](), compile_errors

    def counted(expressions, **more):
        asked.append(tuple(expressions))
        return real(expressions, **more)

    monkeypatch.setattr(process, "compile_errors", counted)
    conditions = ConditionProcesses(most=2)

    assert conditions.errors(["predicat", "true", "predicat"]) == {"predicat": UNKNOWN}
    assert conditions.errors(["true"]) == {}
    assert conditions.errors(["false", "true"]) == {}
    assert conditions.errors(["predicat"]) == {"predicat": UNKNOWN}
    assert asked == [("predicat", "true"), ("false",), ("predicat",)]


def test_what_cannot_be_compiled_now_is_not_remembered(worker, monkeypatch):
    conditions = ConditionProcesses()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    for _ in range(2):
        with pytest.raises(Transient, match="no process can be started") as busy:
            conditions.errors(["true"])
        assert busy.value.reason is Reason.OPERATOR_BUSY


def test_a_predicate_of_the_greatest_size_fits_into_the_limits():
    predicate = b'{"packages": [' + b",".join([b'{"name": "x"}'] * (MIB // 15)) + b"]}"

    assert evaluate("predicate.packages.size() > 1000 && predicate.packages[9].name == 'x'", predicate) == Holds()


def test_however_few_files_can_be_opened_what_holds_is_true_or_not_known():
    open_now = {int(each.name) for each in Path("/proc/self/fd").iterdir()}  # which has gaps, and by luck where
    free = [number for number in range(len(open_now) + 12) if number not in open_now]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    answers = []
    for more in range(12):
        resource.setrlimit(resource.RLIMIT_NOFILE, (free[more], hard))
        try:
            answers.append(evaluate("true", b"{}"))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    unknown = [each for each in answers if isinstance(each, NotNow)]
    assert unknown
    assert [each for each in answers if each not in unknown] == [Holds()] * (12 - len(unknown))
    assert Holds() in answers
