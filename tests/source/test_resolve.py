import json
from contextlib import suppress

import pytest
from tests.source.fake_registry import client, hang, sha256

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference, Repository, Revision
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import MAX_REGISTRY_VALUES, MAX_TAG_PAGES, MAX_TAGS
from pattern_operator.source import resolve, resolve_or_hold
from pattern_operator.source.held_version import Resolution
from pattern_operator.source.registry.timeouts import Timeouts

DIGEST = Digest.of(b"x")


def reference(fake_registry, **ref) -> Reference:
    return Reference(fake_registry.repository, **ref)


def tags(fake_registry, *names: str) -> dict[str, Digest]:
    """Push an artifact under each name, and list them."""
    fake_registry.answer("GET", "/tags/list$", body=json.dumps({"name": "team/web", "tags": list(names)}).encode())
    return {name: fake_registry.manifest([], tag=name, annotations={"name": name}) for name in names}


# --- a digest, a tag ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", [None, "1.0"])
async def test_a_digest_needs_no_request(fake_registry, network, tag):
    found = await resolve(reference(fake_registry, digest=DIGEST, tag=tag), registry=client(fake_registry, network))

    assert found == Revision(tag or "", DIGEST)
    assert fake_registry.asked == []


async def test_a_tag_needs_one_head(fake_registry, network):
    digest = fake_registry.manifest([], tag="1.0")

    found = await resolve(reference(fake_registry, tag="1.0"), registry=client(fake_registry, network))

    assert found == Revision("1.0", digest)
    assert [(asked.method, asked.path) for asked in fake_registry.asked] == [("HEAD", "/v2/team/web/manifests/1.0")]


@pytest.mark.parametrize("header", [{}, {"Docker-Content-Digest": "md5:nonsense"}])
async def test_a_registry_that_does_not_say_the_digest_is_asked_for_the_manifest(fake_registry, network, header):
    digest = fake_registry.manifest([], tag="1.0")
    fake_registry.answer("HEAD", "/manifests/1.0$", headers=header)

    assert await resolve(reference(fake_registry, tag="1.0"), registry=client(fake_registry, network)) == Revision(
        "1.0", digest
    )


@pytest.mark.parametrize("status", [400, 405, 501])
async def test_a_registry_that_knows_no_head_is_asked_for_the_manifest(fake_registry, network, status):
    digest = fake_registry.manifest([], tag="1.0")
    fake_registry.answer("HEAD", "/manifests/1.0$", status=status)

    assert await resolve(reference(fake_registry, tag="1.0"), registry=client(fake_registry, network)) == Revision(
        "1.0", digest
    )


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (401, Stalled, Reason.AUTHENTICATION_REQUIRED),
        (403, Stalled, Reason.ACCESS_DENIED),
        (404, Stalled, Reason.ARTIFACT_NOT_FOUND),
        (429, Transient, Reason.REGISTRY_THROTTLED),
        (503, Transient, Reason.REGISTRY_UNAVAILABLE),
    ],
)
async def test_a_tag_that_cannot_be_looked_up_is_what_the_registry_says(fake_registry, network, status, kind, reason):
    fake_registry.answer("HEAD", "/manifests/", status=status)
    fake_registry.answer("GET", "/manifests/", status=status)

    with pytest.raises(kind) as failure:
        await resolve(reference(fake_registry, tag="1.0"), registry=client(fake_registry, network))

    assert failure.value.reason is reason
    assert "tag 1.0" in failure.value.message


@pytest.mark.parametrize("status", [400, 404, 405, 406, 410, 501])
async def test_a_tag_whose_head_says_nothing_is_found_by_get(fake_registry, network, status):
    digest = fake_registry.manifest([], tag="1.0")
    fake_registry.answer("HEAD", "/manifests/", status=status)

    assert (
        await resolve(reference(fake_registry, tag="1.0"), registry=client(fake_registry, network))
    ).digest == digest


async def test_a_tag_that_a_head_denies_is_not_asked_for_again(fake_registry, network):
    fake_registry.manifest([], tag="1.0")
    fake_registry.answer("HEAD", "/manifests/", status=403)

    with pytest.raises(Stalled) as refusal:
        await resolve(reference(fake_registry, tag="1.0"), registry=client(fake_registry, network))

    assert refusal.value.reason is Reason.ACCESS_DENIED
    assert fake_registry.paths("GET") == []


@pytest.mark.parametrize("tag", ["", "a/b", "../1.0", "1.0?x", "-1", "a" * 129, "1.0\n", "é"])
async def test_what_is_not_a_tag_is_refused_before_anyone_is_asked(fake_registry, network, tag):
    with pytest.raises(Stalled) as refusal:
        await resolve(reference(fake_registry, tag=tag), registry=client(fake_registry, network))

    assert refusal.value.reason is Reason.INVALID_REFERENCE
    assert "source.ref.tag" in refusal.value.message
    assert fake_registry.asked == []


async def test_a_reference_that_names_nothing_is_refused(fake_registry, network):
    with pytest.raises(Stalled) as refusal:
        await resolve(reference(fake_registry), registry=client(fake_registry, network))

    assert refusal.value.reason is Reason.INVALID_REFERENCE


# --- a range --------------------------------------------------------------------------------------------------------


async def test_a_range_gives_the_highest_tag_in_it_with_two_requests(fake_registry, network):
    pushed = tags(fake_registry, "1.9.0", "1.10.0", "2.0.0", "2.0.0-rc.1", "latest", "sha256-0a.sig")

    found = await resolve(reference(fake_registry, semver=">=1.4 <2"), registry=client(fake_registry, network))

    assert found == Revision("1.10.0", pushed["1.10.0"])
    assert [asked.method for asked in fake_registry.asked] == ["GET", "HEAD"]


async def test_the_filter_leaves_tags_out(fake_registry, network):
    pushed = tags(fake_registry, "1.1.0", "1.2.0-debug", "1.3.0_debug")

    found = await resolve(
        reference(fake_registry, semver="1.x", semver_filter="^[0-9.]+$"), registry=client(fake_registry, network)
    )

    assert found == Revision("1.1.0", pushed["1.1.0"])


@pytest.mark.parametrize(
    ("ref", "says"),
    [
        ({"semver": ">=3"}, "none of its 4 tags is a version in '>=3': the highest version is v2.0.0. "),
        ({"semver": "1.x", "semver_filter": "^x"}, "none of its 4 tags, 0 of which semverFilter keeps, is a version"),
        ({"semver": "1.x", "semver_filter": "^x"}, "in '1.x': there is none to choose from. "),
        ({"semver": "1.x", "semver_filter": "a"}, "in '1.x': no tag is a version, as 1.4.2 or v1.4.2 is. "),
        (
            {"semver": ">1.0.0 <2"},
            ": 2.0.0-rc.1 is a pre-release, which counts where a bound names one, as in '>=1.4.0-0'",
        ),
    ],
)
async def test_a_range_that_no_tag_is_in_says_so_and_what_comes_nearest(fake_registry, network, ref, says):
    tags(fake_registry, "1.0.0", "v2.0.0", "2.0.0-rc.1", "latest")

    with pytest.raises(Stalled) as refusal:
        await resolve(reference(fake_registry, **ref), registry=client(fake_registry, network))

    assert refusal.value.reason is Reason.NO_MATCHING_VERSION
    assert says in refusal.value.message
    assert "correct source.ref.semver" in refusal.value.message


@pytest.mark.parametrize(("ref", "listed"), [({"semver": "1.x"}, 3), ({"semver": "9.x"}, 3), ({"tag": "1.0.0"}, 0)])
async def test_how_many_tags_were_listed_is_known_whether_one_was_found_or_not(fake_registry, network, ref, listed):
    tags(fake_registry, "1.0.0", "latest", "no tag, and listed all the same")
    registry = client(fake_registry, network)

    with suppress(Stalled):
        await resolve(reference(fake_registry, **ref), registry=registry)

    assert registry.listed == listed


async def test_what_is_not_a_range_is_refused_before_anyone_is_asked(fake_registry, network):
    with pytest.raises(Stalled) as refusal:
        await resolve(reference(fake_registry, semver="newest"), registry=client(fake_registry, network))

    assert refusal.value.reason is Reason.INVALID_REFERENCE
    assert fake_registry.asked == []


async def test_a_tag_that_goes_between_list_and_look_up_is_not_found(fake_registry, network):
    tags(fake_registry, "1.0.0")
    del fake_registry.manifests["1.0.0"]

    with pytest.raises(Stalled) as refusal:
        await resolve(reference(fake_registry, semver="1.x"), registry=client(fake_registry, network))

    assert refusal.value.reason is Reason.ARTIFACT_NOT_FOUND


# --- the list of tags -----------------------------------------------------------------------------------------------


async def test_all_pages_of_tags_count(fake_registry, network):
    pushed = tags(fake_registry, "1.0.0", "1.1.0", "1.2.0")
    for number, (name, link) in enumerate([("1.1.0", 2), ("1.2.0", 3), ("1.0.0", 0)], start=1):
        body = json.dumps({"tags": [name]}).encode()
        fake_registry.page("/tags/list$", number, body=body, link=f'<list?page={link}>; rel="next"' if link else "")

    found = await resolve(reference(fake_registry, semver="1.x"), registry=client(fake_registry, network))

    assert found == Revision("1.2.0", pushed["1.2.0"])


@pytest.mark.parametrize(
    "body", [b'{"tags": null}', b'{"tags": []}', b"{}", b'{"tags": [1, "a/b", "../x", "", "1.0.0\\u0000"]}']
)
async def test_a_repository_without_tags_has_no_version(fake_registry, network, body):
    fake_registry.answer("GET", "/tags/list$", body=body)

    with pytest.raises(Stalled) as refusal:
        await resolve(reference(fake_registry, semver="*"), registry=client(fake_registry, network))

    assert refusal.value.reason is Reason.NO_MATCHING_VERSION


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"tags": "1.0.0"}', b'{"tags": {"1.0.0": 1}}', b""])
async def test_a_list_that_is_none_is_tried_again_later(fake_registry, network, body):
    fake_registry.answer("GET", "/tags/list$", body=body)

    with pytest.raises(Transient) as failure:
        await resolve(reference(fake_registry, semver="*"), registry=client(fake_registry, network))

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


async def test_a_list_that_does_not_come_is_tried_again_later(fake_registry, network):
    fake_registry.on("GET", "/tags/list$", hang)
    registry = client(fake_registry, network, timeouts=Timeouts(headers=0.1))

    with pytest.raises(Transient):
        await resolve(reference(fake_registry, semver="*"), registry=registry)


async def test_as_many_tags_as_are_read_are_chosen_from(fake_registry, network):
    tags = [f"1.0.{number}" for number in range(MAX_TAGS)]
    fake_registry.answer("GET", "/tags/list", body=json.dumps({"tags": tags}).encode())
    fake_registry.manifest([], tag=tags[-1])

    found = await resolve(Reference(fake_registry.repository, semver="1.x"), registry=client(fake_registry, network))

    assert found.tag == tags[-1]


async def test_more_tags_than_are_read_are_refused_and_not_cut(fake_registry, network):
    body = json.dumps({"tags": [f"1.0.{number}" for number in range(MAX_TAGS + 1)]}).encode()
    fake_registry.answer("GET", "/tags/list$", body=body)

    with pytest.raises(Stalled) as refusal:
        await resolve(reference(fake_registry, semver="*"), registry=client(fake_registry, network))

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE
    assert "source.ref.tag" in refusal.value.message


async def test_a_page_of_more_values_than_are_read_is_refused_as_too_large(fake_registry, network):
    page = b'{"tags": ["%s"]}' % (b"," * MAX_REGISTRY_VALUES)
    fake_registry.answer("GET", "/tags/list$", body=page)

    with pytest.raises(Stalled) as refusal:
        await resolve(reference(fake_registry, semver="1.x"), registry=client(fake_registry, network))

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE
    assert "tags" in refusal.value.message


async def test_more_pages_than_are_read_are_refused_and_not_cut(fake_registry, network):
    for number in range(1, MAX_TAG_PAGES + 2):
        body = json.dumps({"tags": [f"1.0.{number}"]}).encode()
        fake_registry.page("/tags/list$", number, body=body, link=f'<list?page={number + 1}>; rel="next"')

    with pytest.raises(Stalled) as refusal:
        await resolve(reference(fake_registry, semver="*"), registry=client(fake_registry, network))

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE


# --- a real registry ------------------------------------------------------------------------------------------------


async def test_a_range_and_a_tag_lead_to_one_digest_in_a_real_registry(repository, network):
    real = Repository(repository.registry, repository.name)
    pushed = [repository.push(tag, [("text/plain", tag.encode())]) for tag in ("1.9.0", "1.10.0", "2.0.0")]
    registry = client(real, network)

    by_range = await resolve(Reference(real, semver="^1"), registry=registry)
    by_tag = await resolve(Reference(real, tag="1.10.0"), registry=registry)

    assert by_range == by_tag == Revision("1.10.0", Digest.parse(pushed[1]))
    assert pushed[1] == sha256(repository.manifest("1.10.0").body)


# --- what runs has left the list ------------------------------------------------------------------------------------


RUNNING = Revision("1.1.0", Digest.of(b"running"))


async def beside(fake_registry, network, *names: str, running: Revision = RUNNING, **ref: str) -> Resolution:
    """What a range leads to where the list has ``names``."""
    tags(fake_registry, *names)
    return await resolve_or_hold(
        reference(fake_registry, **ref), registry=client(fake_registry, network), running=running
    )


@pytest.mark.parametrize(
    ("names", "ref"),
    [
        (["1.0.0"], {"semver": ">=1.0.0"}),
        (["0.9.0", "1.0.9", "latest"], {"semver": "*"}),
        (["1.1.0-rc.1"], {"semver": ">=1.0.0-0"}),
        (["1.0.0"], {"semver": "1.x", "semver_filter": "^1"}),
    ],
)
async def test_a_version_that_left_the_list_is_held_where_the_list_has_only_older_ones(
    fake_registry, network, names, ref
):
    found = await beside(fake_registry, network, *names, **ref)

    assert found.revision == RUNNING
    assert "1.1.0 is held" in found.held
    assert "name tag " in found.held


@pytest.mark.parametrize(
    ("names", "running", "ref", "tag"),
    [
        pytest.param(["1.0.0", "1.1.0"], "1.1.0", {"semver": ">=1.0.0"}, "1.1.0", id="it is listed"),
        pytest.param(["1.0.0", "1.2.0"], "1.1.0", {"semver": ">=1.0.0"}, "1.2.0", id="a newer one is there"),
        pytest.param(["1.0.0"], "1.1.0", {"semver": "~1.0.0"}, "1.0.0", id="the range does not admit it"),
        pytest.param(["1.0.0", "1.1.0"], "1.1.0", {"semver": "<1.1.0"}, "1.0.0", id="listed, and out of the range"),
        pytest.param(
            ["1.0.0"], "1.1.0", {"semver": "1.x", "semver_filter": r"^1\.0"}, "1.0.0", id="the filter does not keep it"
        ),
        pytest.param(["v1.1.0"], "1.1.0", {"semver": "1.x"}, "v1.1.0", id="the same version by another name"),
        pytest.param(["1.0.0"], "latest", {"semver": "1.x"}, "1.0.0", id="what runs is not a version"),
        pytest.param(["1.0.0"], "", {"semver": "1.x"}, "1.0.0", id="what runs has no name"),
    ],
)
async def test_nothing_is_held_where_the_list_or_the_spec_says_what_is_to_run(
    fake_registry, network, names, running, ref, tag
):
    found = await beside(fake_registry, network, *names, running=Revision(running, Digest.of(b"running")), **ref)

    assert (found.revision.tag, found.held) == (tag, "")


async def test_a_tag_of_the_spec_is_followed_whatever_runs(fake_registry, network):
    digest = fake_registry.manifest([], tag="1.0.0")

    found = await resolve_or_hold(
        reference(fake_registry, tag="1.0.0"), registry=client(fake_registry, network), running=RUNNING
    )

    assert found == Resolution(Revision("1.0.0", digest))


async def test_a_list_without_any_version_is_told_and_nothing_older_is_found(fake_registry, network):
    with pytest.raises(Stalled) as refusal:
        await beside(fake_registry, network, semver="1.x")

    assert refusal.value.reason is Reason.NO_MATCHING_VERSION


@pytest.mark.parametrize(("body", "headers"), [(b"<html>", {}), (b"Sign in", {"Content-Type": "text/html"})])
async def test_a_web_page_in_the_place_of_a_list_is_called_so(fake_registry, network, body, headers):
    fake_registry.answer("GET", "/tags/list$", body=body, headers=headers)

    with pytest.raises(Transient, match=r"list of tags: .* answered with a web page .* Check source\.url"):
        await resolve(reference(fake_registry, semver="*"), registry=client(fake_registry, network))


@pytest.mark.parametrize(
    ("body", "told"),
    [(b'{"tags": 7}', "has tags that are not a list"), (b"[]", "is not a JSON object"), (b"{", "is not valid JSON")],
)
async def test_what_is_wrong_with_a_list_is_told(fake_registry, network, body, told):
    fake_registry.answer("GET", "/tags/list$", body=body)

    with pytest.raises(Transient, match=f"list of tags: the answer {told}"):
        await resolve(reference(fake_registry, semver="*"), registry=client(fake_registry, network))


async def test_of_a_list_of_another_host_it_is_told_only_that_it_is_none(fake_registry, network):
    fake_registry.answer("GET", "^/internal$", body=b"<html>")
    fake_registry.redirect("/tags/list", f"{fake_registry.elsewhere}/internal")

    with pytest.raises(Transient, match="list of tags: the answer is not a list of tags; it is retried later"):
        await resolve(reference(fake_registry, semver="*"), registry=client(fake_registry, network))


async def test_tags_are_asked_for_a_thousand_at_a_time(fake_registry, network):
    fake_registry.manifest([], tag="1.0.0")
    fake_registry.answer("GET", "/tags/list", body=b'{"tags": ["1.0.0"]}')

    await resolve(reference(fake_registry, semver="1.x"), registry=client(fake_registry, network))

    assert "/v2/team/web/tags/list?n=1000" in fake_registry.paths("GET")
