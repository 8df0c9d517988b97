"""What is remembered of an error keeps nothing of the run that it came from."""

import gc
import weakref

from pattern_operator.api.reason import Reason
from pattern_operator.errors import PatternError, Stalled, Transient, without_traces


class Layers:
    """Stands for what a frame holds."""


def failed(kept: list[weakref.ref[Layers]]) -> PatternError:
    """An error with a cause, each raised in a frame that holds layers."""

    def read() -> None:
        layers = Layers()
        kept.append(weakref.ref(layers))
        raise ValueError("odd")

    def run() -> None:
        layers = Layers()
        kept.append(weakref.ref(layers))
        try:
            read()
        except ValueError as error:
            raise Stalled(reason=Reason.COMPONENTS_REFUSED, message="refused") from error

    try:
        run()
    except PatternError as error:
        return error
    raise AssertionError("it did not fail")


def test_an_error_that_is_kept_keeps_the_frames_it_came_through_unless_they_are_taken_from_it() -> None:
    kept: list[weakref.ref[Layers]] = []
    error = failed(kept)
    gc.collect()
    before = [each() is not None for each in kept]

    without_traces(error)
    gc.collect()

    assert before == [True, True]
    assert [each() for each in kept] == [None, None]


def test_the_error_and_what_is_behind_it_stay() -> None:
    error = failed([])

    assert without_traces(error) is error
    assert isinstance(error.__cause__, ValueError)
    assert "because" in error.diagnostics() or error.diagnostics().startswith("ComponentsRefused: refused")


def test_errors_that_are_behind_each_other_end() -> None:
    one, other = (Transient(reason=Reason.REGISTRY_UNAVAILABLE, message=each) for each in ("one", "other"))
    one.__context__, other.__context__ = other, one

    assert without_traces(one) is one
