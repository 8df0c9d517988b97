"""What each verb sends, and what it makes of the answer: against answers that are given in order."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from tests.kube.fake_session import FakeSession

from pattern_operator.kube import ApiError, Conflicts, Resource, Session, objects
from pattern_operator.kube.errors import AnswerTooLarge
from pattern_operator.kube.objects import Propagation

WIDGET = Resource(group="example.com", version="v1", kind="Widget", plural="widgets", namespaced=True)
ALL = "/apis/example.com/v1/namespaces/team/widgets"
ONE = f"{ALL}/web"
ACCOUNT = "system:serviceaccount:team:deployer"
BODY = b'{"spec":{}}'


class Recorded(FakeSession):
    """Answers in order, and takes down what was asked."""

    def __init__(self, *answers: bytes | ApiError) -> None:
        super().__init__()
        self.answers = list(answers) or [b'{"a":1}']
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    async def request(self, *args: Any, **more: Any) -> bytes:
        method, path = args
        params = dict(more.pop("params", None) or {})
        self.asked.append((method, path, {**more, "params": params}))
        answer = self.answers.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        return answer


Verb = Callable[[Session], Awaitable[Any]]
NAMED: Any = {"namespace": "team", "name": "web"}
WRITTEN: Any = {**NAMED, "body": BODY, "field_manager": "us"}


@pytest.mark.parametrize(
    ("verb", "method", "path", "sent"),
    [
        pytest.param(
            lambda session: objects.apply(session, WIDGET, **WRITTEN),
            "PATCH",
            ONE,
            {
                "params": {"fieldManager": "us", "force": "false", "fieldValidation": "Strict"},
                "body": BODY,
                "content_type": "application/apply-patch+yaml",
                "impersonate": None,
            },
            id="apply",
        ),
        pytest.param(
            lambda session: objects.apply(
                session,
                WIDGET,
                **WRITTEN,
                conflicts=Conflicts.FORCE,
                dry_run="All",
                impersonate=ACCOUNT,
                subresource="status",
            ),
            "PATCH",
            f"{ONE}/status",
            {
                "params": {"fieldManager": "us", "force": "true", "fieldValidation": "Strict", "dryRun": "All"},
                "body": BODY,
                "content_type": "application/apply-patch+yaml",
                "impersonate": ACCOUNT,
            },
            id="a dry run by force",
        ),
        pytest.param(
            lambda session: objects.get(session, WIDGET, **NAMED, impersonate=ACCOUNT),
            "GET",
            ONE,
            {"params": {}, "impersonate": ACCOUNT},
            id="get",
        ),
        pytest.param(
            lambda session: objects.get_metadata(session, WIDGET, **NAMED),
            "GET",
            ONE,
            {"params": {}, "impersonate": None, "accept": objects.METADATA},
            id="metadata",
        ),
        pytest.param(
            lambda session: objects.create(session, WIDGET, body=BODY, namespace="team", field_manager="us"),
            "POST",
            ALL,
            {"params": {"fieldManager": "us"}, "body": BODY, "impersonate": None},
            id="create",
        ),
        pytest.param(
            lambda session: objects.replace(session, WIDGET, **WRITTEN),
            "PUT",
            ONE,
            {"params": {"fieldManager": "us"}, "body": BODY},
            id="replace",
        ),
        pytest.param(
            lambda session: objects.patch_merge(session, WIDGET, **WRITTEN, subresource="status"),
            "PATCH",
            f"{ONE}/status",
            {
                "params": {"fieldManager": "us"},
                "body": BODY,
                "content_type": "application/merge-patch+json",
                "impersonate": None,
            },
            id="merge patch",
        ),
        pytest.param(
            lambda session: objects.patch_json(session, WIDGET, **WRITTEN),
            "PATCH",
            ONE,
            {"params": {"fieldManager": "us"}, "body": BODY, "content_type": "application/json-patch+json"},
            id="JSON patch",
        ),
        pytest.param(
            lambda session: objects.delete(session, WIDGET, **NAMED),
            "DELETE",
            ONE,
            {
                "params": {},
                "impersonate": None,
                "body": b'{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"}',
            },
            id="delete",
        ),
        pytest.param(
            lambda session: objects.delete(
                session, WIDGET, **NAMED, uid="u", propagation=Propagation.FOREGROUND, dry_run="All"
            ),
            "DELETE",
            ONE,
            {
                "params": {"dryRun": "All"},
                "impersonate": None,
                "body": b'{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Foreground",'
                b'"preconditions":{"uid":"u"}}',
            },
            id="delete this very object",
        ),
    ],
)
async def test_a_verb_asks_for_what_it_means_and_gives_what_is_answered(
    verb: Verb, method: str, path: str, sent: dict[str, Any]
):
    session = Recorded()

    assert await verb(session) == {"a": 1}
    assert session.asked == [(method, path, sent)]


def page(*names: str, more: str = "") -> bytes:
    metadata = {"resourceVersion": "7", **({"continue": more} if more else {})}
    return orjson.dumps({"metadata": metadata, "items": [{"metadata": {"name": name}} for name in names]})


async def test_a_page_of_metadata_is_asked_for_by_what_is_given():
    session = Recorded(page(), page())

    await objects.list_metadata(session, WIDGET, limit=5)
    await objects.list_metadata(session, WIDGET, namespace="team", limit=5, token="next", label_selector="a=b")

    assert [(path, more["params"]) for _, path, more in session.asked] == [
        ("/apis/example.com/v1/widgets", {"limit": "5"}),
        (ALL, {"limit": "5", "continue": "next", "labelSelector": "a=b"}),
    ]
    assert session.asked[0][2]["accept"] == objects.METADATA_LIST


async def test_a_list_is_whole_and_each_of_it_has_its_kind():
    session = Recorded(page("a", more="next"), page("b"))

    found = await objects.list_(session, WIDGET, namespace="team", label_selector="a=b", impersonate=ACCOUNT)

    assert [(each["kind"], each["apiVersion"], each["metadata"]["name"]) for each in found] == [
        ("Widget", "example.com/v1", "a"),
        ("Widget", "example.com/v1", "b"),
    ]
    assert [more["params"].get("continue") for _, _, more in session.asked] == [None, "next"]
    assert {more["params"]["labelSelector"] for _, _, more in session.asked} == {"a=b"}
    assert {more["impersonate"] for _, _, more in session.asked} == {ACCOUNT}
    assert "fieldSelector" not in session.asked[0][2]["params"]


async def test_of_a_list_that_begins_again_nothing_comes_twice():
    gone = ApiError(code=410, reason="Expired", message="too old")
    session = Recorded(page("a", more="next"), gone, page("b", "c"))

    found = await objects.list_(session, WIDGET, namespace="team")

    assert [each["metadata"]["name"] for each in found] == ["b", "c"]


async def test_of_objects_that_are_too_large_for_a_page_fewer_are_asked_for():
    session = Recorded(AnswerTooLarge(1), AnswerTooLarge(1), page("a"))

    found = await objects.list_page(session, WIDGET, namespace="team", label_selector="a=b", limit=64)

    limits = [int(more["params"]["limit"]) for _, _, more in session.asked]
    assert limits[0] == 64 > limits[1] > limits[2] >= 1
    assert [each["metadata"]["name"] for each in found] == ["a"]


async def test_one_object_that_is_too_large_is_an_error():
    with pytest.raises(AnswerTooLarge):
        await objects.list_page(
            Recorded(AnswerTooLarge(1), AnswerTooLarge(1)), WIDGET, namespace="team", label_selector="", limit=1
        )


async def test_each_object_of_all_namespaces_comes_with_its_kind_and_metadata_as_it_is():
    found = [each async for each in objects.each(Recorded(page("a", "b")), WIDGET)]
    session = Recorded(page("a"))
    metadata = [each async for each in objects.each_metadata(session, WIDGET, namespace="team", label_selector="a=b")]

    assert [(each["kind"], each["metadata"]["name"]) for each in found] == [("Widget", "a"), ("Widget", "b")]
    assert metadata == [{"metadata": {"name": "a"}}]
    assert session.asked[0][2]["accept"] == objects.METADATA_LIST
