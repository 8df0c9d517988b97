import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from tests.source.fake_registry import NAME, client
from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled, Transient
from pattern_operator.source.origin import same_origin
from pattern_operator.source.registry.paging import next_page
from pattern_operator.source.registry.transport import Response

BASE = URL("https://reg.example/v2/team/web")
HERE = BASE / "tags/list"


def after(*links: str, seen: tuple[URL, ...] = (HERE,)) -> URL | None:
    headers = CIMultiDict([("link", link) for link in links])
    return next_page(Response(200, headers, b"", HERE), base=BASE, seen=seen, context="list of tags")


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        pytest.param('</v2/team/web/tags/list?last=a&n=2>; rel="next"', "last=a&n=2", id="as the specification has it"),
        pytest.param("<list?last=a>; rel=next", "last=a", id="relative, without quotes"),
        pytest.param(f'<{HERE}?last=a>;rel="next"', "last=a", id="absolute"),
        pytest.param('<list?last=a%2Fb>; title="x"; REL = "Next"', "last=a%2Fb", id="other parameters, any case"),
        pytest.param('<list?last=a>; rel="next"; title="x"', "last=a", id="parameters behind it"),
        pytest.param('<list?first>; rel="first", <list?last=a>; rel="next"', "last=a", id="the next of several"),
        pytest.param('<list?last=a;b,c>; rel="next"', "last=a;b,c", id="odd letters inside"),
        pytest.param("<list?last=a>; rel='next'", "last=a", id="single quotes"),
        pytest.param('<list?last=a>; rel="prev next"', "last=a", id="several relations"),
        pytest.param("<list?last=a>;rel='NEXT last'", "last=a", id="several relations in single quotes"),
        pytest.param('<list?p>; rel=prev, <list?last=a>; rel=next; n="a,b"', "last=a", id="several links, no quotes"),
        pytest.param(
            '<list?last=a>; title="<x>; rel=prev, "; rel=next', "last=a", id="a parameter that looks like more"
        ),
        pytest.param("<list?last=a>; title*=UTF-8''a; rel=\"next\"", "last=a", id="a parameter of another charset"),
        pytest.param("<list?last=a> ; rel = next ;; x", "last=a", id="spaces and an empty parameter"),
        pytest.param("</v2/team/web/tags/list?last=a>; rel=next", "last=a", id="a path"),
        pytest.param(
            "<HTTPS://REG.example:443/v2/team/web/tags/list?last=a>; rel=next", "last=a", id="capitals, the port"
        ),
        pytest.param("<//reg.example/v2/team/web/tags/list?last=a>; rel=next", "last=a", id="without a scheme"),
        pytest.param("<https://reg.example./v2/team/web/tags/list?last=a>; rel=next", "last=a", id="a dot at the end"),
    ],
)
def test_each_way_to_name_the_next_page(link, wanted):
    page = after(link)

    assert page is not None
    assert page.raw_path_qs == f"{HERE.path}?{wanted}"
    assert same_origin(page, HERE)


def test_the_next_page_may_stand_in_any_of_several_headers():
    assert after('<list?first>; rel="first"', '<list?last=a>; rel="next"') == URL(f"{HERE}?last=a")


@pytest.mark.parametrize(
    "link",
    [
        *(
            "",
            "<list?x>",
            '<list?x>; rel="prev"',
            '<list?x>; rel="nextpage"',
            'rel="next"',
            "<list?x>; rel='prev nextpage'",
        ),
        *('<list?x>; title="rel=next"', "<list?x>; rel=prev; rel=next", "<list?x>; norel=next", "<list?x>, rel=next"),
    ],
)
def test_without_a_next_page_it_is_the_last(link):
    assert after(link) is None
    assert after() is None


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("https://evil.example/v2/team/web/tags/list", id="another host"),
        pytest.param("https://reg.example:8443/v2/team/web/tags/list", id="another port"),
        pytest.param("http://reg.example/v2/team/web/tags/list", id="plain http"),
        pytest.param("https://reg.example:80/v2/team/web/tags/list", id="the port of another scheme"),
        pytest.param("/v2/team/other/tags/list", id="another repository"),
        pytest.param("/v2/team/web-secret/tags/list", id="a repository whose name begins alike"),
        pytest.param("../../other/tags/list", id="another repository, relative"),
        pytest.param("/v2/team/web/../other/tags/list", id="another repository, by a detour"),
        pytest.param("/v2/team/web/%2e%2e/other/tags/list", id="the same detour, hidden"),
        pytest.param("https://me:pw@reg.example/v2/team/web/tags/list", id="with credentials"),
        pytest.param("https://[/v2/team/web/tags/list", id="half an address"),
        pytest.param("list?a b", id="no address"),
    ],
)
def test_a_page_that_is_not_below_the_repository_is_not_followed(target):
    with pytest.raises(Transient) as failure:
        after(f'<{target}>; rel="next"')

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "not followed" in failure.value.message


def test_pages_that_run_in_a_circle_end():
    with pytest.raises(Transient, match="already read"):
        after('<list?last=a>; rel="next"', seen=(HERE, URL(f"{HERE}?last=a")))


@given(link=st.text() | st.text(alphabet='<>;,="rel nxt/.?').map(lambda rest: f"<list>{rest}"))
def test_no_link_raises_anything_but_a_refusal(link):
    try:
        page = after(link)
    except Transient:
        return
    assert page is None or str(page).startswith(str(BASE))


@pytest.mark.parametrize(
    "link",
    ["<" * 100_000, "<>" + ";" * 100_000, "<>;" + " " * 100_000, "<>; rel=" * 20_000, "<a>; rel='" + "'" * 9_000],
)
def test_a_link_of_any_length_is_read_in_no_time(link):
    assert after(link) is None


# --- with a registry ------------------------------------------------------------------------------------------------


async def test_a_listing_is_read_page_by_page(fake_registry, network):
    for number, rest in ((1, '<list?page=2>; rel="next"'), (2, '<list?page=3>; rel="next"'), (3, "")):
        fake_registry.page("/tags/list", number, body=str(number).encode(), link=rest)

    pages = client(fake_registry, network).pages("tags/list", context="list of tags", most=3)

    assert [page.body async for page in pages] == [b"1", b"2", b"3"]


async def test_a_listing_of_too_many_pages_is_refused(fake_registry, network):
    for number in range(1, 5):
        fake_registry.page("/tags/list", number, body=b"", link=f'<list?page={number + 1}>; rel="next"')

    with pytest.raises(Stalled) as refusal:
        async for _ in client(fake_registry, network).pages("tags/list", context="list of tags", most=3):
            pass

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE
    assert len(fake_registry.asked) == 3


async def test_nobody_else_is_asked_for_a_page(fake_registry, network):
    fake_registry.page("/tags/list", 1, body=b"", link=f'<{fake_registry.elsewhere}/v2/{NAME}/tags/list>; rel="next"')

    with pytest.raises(Transient):
        async for _ in client(fake_registry, network).pages("tags/list", context="list of tags", most=3):
            pass

    assert len(fake_registry.asked) == 1
