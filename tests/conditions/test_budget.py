"""All conditions of one verdict share a budget: what is beyond it is not judged, which is never a verdict."""

from collections.abc import Collection, Mapping

from pattern_operator.conditions.answer import Answer, Holds, NotNow, Unusable
from pattern_operator.conditions.budget import ConditionBudget


class Judging:
    """Each condition holds, and takes a second."""

    def __init__(self) -> None:
        self.now = 100.0
        self.judged: list[str] = []

    def judge(self, expression: str, predicate: bytes) -> Answer:
        self.judged.append(f"{expression} {predicate.decode()}")
        self.now += 1.0
        return Holds()

    def errors(self, expressions: Collection[str]) -> Mapping[str, str]:
        return dict.fromkeys(expressions, "is none")


def test_as_many_as_there_may_be_are_judged_and_no_more():
    judging = Judging()
    budget = ConditionBudget(judging, most=2, seconds=60.0, clock=lambda: judging.now)

    answers = [budget.judge("true", predicate) for predicate in (b"1", b"2", b"3", b"4")]

    assert answers[:2] == [Holds(), Holds()]
    assert all(isinstance(each, Unusable) and "one of more than 2 that would" in each.why for each in answers[2:])
    assert judging.judged == ["true 1", "true 2"]


def test_what_is_asked_for_too_late_is_not_judged_now():
    judging = Judging()
    budget = ConditionBudget(judging, most=64, seconds=2.0, clock=lambda: judging.now)

    answers = [budget.judge("true", b"1") for _ in range(3)]

    assert answers == [Holds(), Holds(), NotNow("the conditions before it took longer than 2 s together")]


def test_whether_they_compile_is_no_part_of_it():
    assert ConditionBudget(Judging(), most=0).errors(["x"]) == {"x": "is none"}
