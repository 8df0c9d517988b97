import pytest
from tests.cputime import cpu_time

from pattern_operator.api.reason import Reason
from pattern_operator.error_text import trace_of, words_of
from pattern_operator.errors import Stalled
from pattern_operator.kube import ApiError


def test_words_are_shown_of_what_is_ours_and_of_the_system():
    assert words_of(ApiError(code=403, reason="Forbidden", message="no")) == "ApiError: no (403 Forbidden)"
    assert words_of(FileNotFoundError(2, "No such file", "x")) == "FileNotFoundError: [Errno 2] No such file: 'x'"


def test_words_of_a_library_are_not_shown():
    assert words_of(ValueError("could not convert string to float: 'tulipwood'")) == "ValueError"
    assert words_of(KeyError("tulipwood")) == "KeyError"


def test_words_of_ours_are_cut_and_have_no_credential_in_them():
    assert "tulipwood" not in words_of(ApiError(code=1, reason="R", message="at https://me:tulipwood@x"))
    assert len(words_of(ApiError(code=1, reason="R", message="word " * 1_000_000)).encode()) < 600


def chained(error: Exception, *causes: Exception) -> Exception:
    current = error
    for cause in causes:
        current.__cause__ = cause
        current = cause
    return error


def test_diagnostics_are_some_short_lines_whatever_the_causes_say():
    error = Stalled(reason=Reason.APPLY_FAILED, message="it failed\n\x1b[31m" + "x" * 2_000_000)
    causes = [ValueError("tulipwood" * 250_000), *(RuntimeError(str(n)) for n in range(100))]

    told = chained(error, *causes)

    assert isinstance(told, Stalled)
    text = told.diagnostics()
    assert "ValueError" not in text  # the name of a type tells people nothing, and is in the log
    assert "tulipwood" not in text
    assert "\x1b" not in text
    assert len(text) < 10_000
    assert "because" not in text
    assert cpu_time(told.diagnostics, enough=0.1) < 0.1


def test_a_circle_of_causes_ends():
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one

    assert len(trace_of(one)) == 3
    assert len(chained(Stalled(reason=Reason.APPLY_FAILED, message=""), one).diagnostics().splitlines()) == 2  # type: ignore[attr-defined] # what was chained is ours


def fail() -> None:
    raise ValueError("tulipwood")


def test_a_trace_names_places_and_no_values():
    with pytest.raises(ExceptionGroup) as raised:
        try:
            fail()
        except ValueError as error:
            raise ExceptionGroup("tulipwood", [error, KeyError("tulipwood")]) from error
    trace = "\n".join(trace_of(raised.value))

    assert "tulipwood" not in trace
    assert "test_error_text.py" in trace
    assert "in fail" in trace
    assert "raised from" in trace
    assert "  | KeyError" in trace
