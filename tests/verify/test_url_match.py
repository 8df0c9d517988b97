"""What a policy covers: everything that its globs say, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cputime import cpu_time

from pattern_operator.api.reference import Repository
from pattern_operator.api.trust_policy import LabelRequirement, LabelSelector
from pattern_operator.verify.url_match import InvalidGlob, UrlGlob, selects

LONGEST = Repository("registry.example", "a" * 239)
SEGMENT = st.text("ab0", min_size=1, max_size=4)
PATH = st.lists(SEGMENT, min_size=1, max_size=4).map("/".join)
HOST = st.sampled_from(["registry.example", "a.registry.example", "10.0.0.1", "[::1]", "localhost"])
PORT = st.sampled_from(["", ":443", ":5000"])
REPOSITORY = st.builds(lambda host, port, path: Repository(f"{host}{port}", path), HOST, PORT, PATH)


def matches(glob: str, url: str) -> bool:
    return UrlGlob.parse(glob).matches(Repository.parse(url))


@pytest.mark.parametrize(
    ("glob", "url"),
    [
        ("oci://**", "oci://registry.example:5000/a/b/c"),
        ("oci://*/**", "oci://[::1]:5000/a"),
        ("oci://*/web", "oci://registry.example/web"),
        ("oci://registry.example/web", "oci://registry.example/web"),
        ("oci://registry.example/web", "oci://Registry.EXAMPLE/web"),
        ("oci://REGISTRY.example/web", "oci://registry.example/web"),
        ("oci://registry.example/patterns/**", "oci://registry.example/patterns/web"),
        ("oci://registry.example/patterns/**", "oci://registry.example/patterns/team/web"),
        ("oci://registry.example/patterns/*", "oci://registry.example/patterns/web"),
        ("oci://registry.example/team-*/web", "oci://registry.example/team-a/web"),
        ("oci://registry.example/*/web", "oci://registry.example/team/web"),
        ("oci://registry.example/**/web", "oci://registry.example/a/b/web"),
        ("oci://registry.example/web*", "oci://registry.example/web"),
        ("oci://*.example.com/**", "oci://registry.example.com/web"),
        ("oci://*.example.com/**", "oci://a.b.EXAMPLE.com/web"),
        ("oci://registry.example/**", "oci://registry.example:5000/web"),
        ("oci://registry.example:5000/**", "oci://registry.example:5000/web"),
        ("oci://registry.example:443/**", "oci://registry.example/web"),
        ("oci://registry.example:80/**", "oci://registry.example/web"),
        ("oci://docker.io/**", "oci://index.docker.io/library/web"),
        ("oci://registry-1.docker.io/**", "oci://docker.io/library/web"),
        ("oci://[0:0:0:0:0:0:0:1]/**", "oci://[::1]/web"),
        ("oci://192.0.2.1/**", "oci://[::ffff:c000:201]/web"),
        ("oci://[::ffff:c000:201]/**", "oci://192.0.2.1/web"),
    ],
)
def test_a_glob_covers(glob, url):
    assert matches(glob, url)


@pytest.mark.parametrize(
    ("glob", "url"),
    [
        ("oci://registry.example/web", "oci://registry.example/web2"),
        ("oci://registry.example/web", "oci://registry.example/my/web"),
        ("oci://registry.example/web", "oci://registry.example/web/a"),
        ("oci://registry.example/web", "oci://other.example/web"),
        ("oci://registry.example/web", "oci://registry.example.evil/web"),
        ("oci://registry.example/web", "oci://aregistry.example/web"),
        ("oci://registry.example/patterns/**", "oci://registry.example/patterns"),
        ("oci://registry.example/patterns/**", "oci://registry.example/patterns2/web"),
        ("oci://registry.example/patterns/**", "oci://registry.example/my/patterns/web"),
        ("oci://registry.example/patterns/*", "oci://registry.example/patterns/team/web"),
        ("oci://registry.example/*/web", "oci://registry.example/a/b/web"),
        ("oci://registry.example/team-*/web", "oci://registry.example/team-b/a/web"),
        ("oci://registry.example/a.b", "oci://registry.example/a-b"),
        ("oci://*.example.com/**", "oci://example.com/web"),
        ("oci://*.example.com/**", "oci://registryexample.com/web"),
        ("oci://*.example.com/**", "oci://example.com.evil/web"),
        ("oci://registry.example:5000/**", "oci://registry.example:5001/web"),
        ("oci://registry.example:5000/**", "oci://registry.example/web"),
        ("oci://registry.example:443/**", "oci://registry.example:80/web"),
        ("oci://docker.io/**", "oci://docker.io.evil/web"),
        ("oci://[::1]/**", "oci://[::2]/web"),
        ("oci://*/web", "oci://registry.example/a"),
    ],
)
def test_a_glob_does_not_cover(glob, url):
    assert not matches(glob, url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "**",
        "registry.example/**",
        "OCI://registry.example/**",
        "oci://registry.example",
        "oci://registry.example/",
        "oci://registry.*/web",
        "oci://**.example/web",
        "oci://registry.example:*/web",
        "oci://registry.example/Web",
        "oci://registry.example//web",
        "oci://registry.example/web/",
        "oci://registry.example/web:1",
        "oci://registry.example/web@sha256:00",
        "oci://registry.example/w?b",
        "oci://registry.example/w.b\n",
        "oci://registry.example/***",
        f"oci://registry.example/{'a' * 512}",
    ],
)
def test_what_is_not_a_glob_is_refused(text):
    with pytest.raises(InvalidGlob, match="write oci://host"):
        UrlGlob.parse(text)


@given(REPOSITORY)
def test_every_repository_is_covered_by_itself_and_by_everything(repository):
    for glob in (repository.url, "oci://**", "oci://*/**"):
        assert UrlGlob.parse(glob).matches(repository)


@given(REPOSITORY, REPOSITORY)
def test_a_glob_without_wildcards_covers_one_repository_alone(one, other):
    same_path, same_host = one.name == other.name, one.host.partition(":")[0] == other.host.partition(":")[0]

    if UrlGlob.parse(one.url).matches(other):
        assert same_path
        assert same_host or "[" in one.host


@given(REPOSITORY, SEGMENT)
def test_one_star_never_crosses_a_slash_and_two_do(repository, more):
    deeper = Repository(repository.host, f"{repository.name}/{more}")
    host = repository.host
    stars = "/".join("*" for _ in repository.name.split("/"))

    assert UrlGlob.parse(f"oci://{host}/{stars}").matches(repository)
    assert not UrlGlob.parse(f"oci://{host}/{stars}").matches(deeper)
    assert UrlGlob.parse(f"oci://{host}/{repository.name}/**").matches(deeper)
    assert not UrlGlob.parse(f"oci://{host}/{repository.name}/**").matches(repository)


@given(st.text(max_size=40))
def test_any_text_is_a_glob_or_refused(text):
    try:
        assert UrlGlob.parse(text).text == text
    except InvalidGlob as refusal:
        assert str(refusal)


def test_a_glob_of_many_stars_takes_no_time():
    glob = UrlGlob.parse(f"oci://registry.example/{'a**' * 150}b")

    assert cpu_time(lambda: glob.matches(LONGEST), enough=0.05) < 0.05


LABELS = {"env": "prod", "team": "a"}


def needs(key, operator, *values):
    return LabelSelector(match_expressions=(LabelRequirement(key=key, operator=operator, values=values),))


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, True),
        (LabelSelector(), True),
        (LabelSelector(match_labels={"env": "prod"}), True),
        (LabelSelector(match_labels={"env": "test"}), False),
        (LabelSelector(match_labels={"env": "prod", "team": "b"}), False),
        (LabelSelector(match_labels={"tier": ""}), False),
        (needs("env", "In", "prod", "test"), True),
        (needs("env", "In", "test"), False),
        (needs("tier", "In", "test"), False),
        (needs("env", "NotIn", "test"), True),
        (needs("env", "NotIn", "prod"), False),
        (needs("tier", "NotIn", "prod"), True),
        (needs("env", "Exists"), True),
        (needs("tier", "Exists"), False),
        (needs("tier", "DoesNotExist"), True),
        (needs("env", "DoesNotExist"), False),
    ],
)
def test_a_selector_selects_as_everywhere_in_kubernetes(selector, expected):
    assert selects(selector, LABELS) is expected


def test_all_of_a_selector_has_to_hold():
    both = LabelSelector(
        match_labels={"env": "prod"}, match_expressions=(LabelRequirement(key="team", operator="In", values=("b",)),)
    )

    assert not selects(both, LABELS)
