"""One page of a collection: what is a list, where it goes on, and how many objects the next one is asked for."""

from typing import Any

import orjson
import pytest

from pattern_operator.kube import ApiError, ApiUnavailable
from pattern_operator.kube.errors import AnswerTooLarge
from pattern_operator.kube.pagination import Page, PageSize, pages

METADATA = {"resourceVersion": "7", "continue": "next"}


def test_a_page_has_its_objects_its_version_and_where_the_list_goes_on():
    page = Page.of({"metadata": METADATA, "items": [{"a": 1}, 7, None, {"b": 2}]})

    assert (page.items, page.more, page.version) == ([{"a": 1}, {"b": 2}], "next", "7")


@pytest.mark.parametrize("items", [{}, {"items": None}, {"items": []}])
def test_a_list_may_be_empty(items: dict[str, Any]):
    assert Page.of({"metadata": {"resourceVersion": "7"}, **items}) == Page([], "", "7")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"items": []}, id="without metadata"),
        pytest.param({"metadata": [], "items": []}, id="metadata that is none"),
        pytest.param({"metadata": METADATA, "items": {}}, id="items that are none"),
        pytest.param({"metadata": METADATA, "items": "x"}, id="a text"),
    ],
)
def test_what_is_no_list_is_not_taken_for_an_empty_one(answer: dict[str, Any]):
    with pytest.raises(ApiUnavailable, match="not a list of objects") as error:
        Page.of(answer)

    assert (error.value.code, error.value.reason) == (0, "Unreadable")


def test_a_page_that_leads_to_itself_is_a_list_without_an_end():
    with pytest.raises(ApiUnavailable, match="without an end") as error:
        Page.of({"metadata": METADATA, "items": []}, after="next")

    assert error.value.code == 0
    assert Page.of({"metadata": METADATA, "items": []}, after="another").more == "next"


def test_after_an_answer_that_is_too_large_ever_fewer_are_asked_for_and_one_at_least():
    size, limits, error = PageSize(500, most=8_000), list[int](), AnswerTooLarge(8_000)
    while size.limit > 1:
        limits.append(size.after(error))

    assert limits == [62, 7, 1]
    with pytest.raises(AnswerTooLarge):
        size.after(error)


@pytest.mark.parametrize(("size", "limit"), [(0, 56), (999, 56), (1_000, 7), (8_000, 7)])
def test_after_a_page_that_leaves_room_for_eight_such_more_are_asked_for(size: int, limit: int):
    pages = PageSize(500, most=8_000)
    pages.limit = 7

    assert pages.fitted(size) == limit


def test_no_more_are_asked_for_than_at_first():
    pages = PageSize(500, most=8_000)

    assert pages.fitted(1) == 500


async def listed(*answers: bytes | ApiError) -> tuple[list[bool], list[dict[str, str]]]:
    """For each page whether those before it count no more; and what was asked."""
    asked: list[dict[str, str]] = []

    async def ask(params: dict[str, str]) -> bytes:
        asked.append(dict(params))
        answer = answers[len(asked) - 1]
        if isinstance(answer, ApiError):
            raise answer
        return answer

    return [each.restarted async for each in pages(ask, selectors={}, listings=2)], asked


def text(*, more: str = "") -> bytes:
    return orjson.dumps({"metadata": {"resourceVersion": "7", "continue": more}, "items": []})


async def test_pages_before_the_one_that_all_begins_with_anew_count_no_more():
    gone = ApiError(code=410, reason="Expired", message="too old")

    restarted, asked = await listed(text(more="a"), text(more="b"), gone, text(more="c"), text())

    assert restarted == [False, False, True, False]
    assert asked[3] == {}  # all in one answer


async def test_after_a_small_page_the_next_one_is_larger_again():
    _, asked = await listed(AnswerTooLarge(1), AnswerTooLarge(1), text(more="a"), text(more="b"), text())

    assert [each["limit"] for each in asked] == ["500", "62", "7", "56", "448"]
