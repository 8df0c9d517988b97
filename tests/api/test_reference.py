"""References: what users write is read, or refused with what is right."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from pattern_operator.api.reference import Digest, InvalidReference, Reference, Repository, Revision, is_tag

HEX = "0a1b2c3d" * 8
SHA256 = f"sha256:{HEX}"
SHA512 = f"sha512:{HEX}{HEX}"

LABEL = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,20}[a-zA-Z0-9])?", fullmatch=True)
NAME = st.lists(LABEL, min_size=1, max_size=3).map(".".join)
ADDRESS = st.ip_addresses(v=6).map("[{}]".format) | st.ip_addresses(v=4).map(str)
PORT = st.just("") | st.integers(1, 65535).map(":{}".format)
HOST = st.builds("{}{}".format, NAME | ADDRESS, PORT)
WORD = st.from_regex(r"[a-z0-9]{1,6}((\.|_|__|-{1,3})[a-z0-9]{1,6}){0,2}", fullmatch=True)
REPOSITORY = st.builds(Repository, HOST, st.lists(WORD, min_size=1, max_size=4).map("/".join))
TAG = st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,30}", fullmatch=True)
DIGEST = st.binary(max_size=8).map(Digest.of) | st.binary(max_size=8).map(lambda it: Digest.of(it, "sha512"))


@given(REPOSITORY)
def test_a_repository_survives_being_written_and_read(repository):
    assert Repository.parse(repository.url) == repository


@given(REPOSITORY, TAG | st.none(), DIGEST | st.none())
def test_a_reference_survives_being_written_and_read(repository, tag, digest):
    reference = Reference(repository, tag=tag or (None if digest else "latest"), digest=digest)

    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(str(reference).removeprefix("oci://")) == reference


@given(DIGEST, TAG | st.just(""))
def test_a_revision_survives_being_written_and_read(digest, tag):
    revision = Revision(tag, digest)

    assert Revision.parse(str(revision)) == revision


@given(st.text(max_size=60) | st.from_regex(r"(oci://)?[a-zA-Z0-9.:\[\]@/_-]{0,60}", fullmatch=True))
def test_any_text_is_a_reference_or_an_invalid_one(text):
    try:
        reference = Reference.parse(text)
    except InvalidReference:
        return

    assert Reference.parse(str(reference)) == reference
    assert URL(f"https://{reference.repository.host}/v2/{reference.repository.name}").host


@pytest.mark.parametrize(
    ("text", "host", "name", "tag", "digest"),
    [
        ("oci://registry.example/patterns/web:1.4.2", "registry.example", "patterns/web", "1.4.2", None),
        ("registry.example/patterns/web:1.4.2", "registry.example", "patterns/web", "1.4.2", None),
        ("oci://registry.example/web", "registry.example", "web", "latest", None),
        ("oci://registry.example/web:1.2.3+b.1", "registry.example", "web", "1.2.3_b.1", None),
        (f"oci://registry.example/web@{SHA256}", "registry.example", "web", None, SHA256),
        (f"oci://registry.example/web:1.0@{SHA512}", "registry.example", "web", "1.0", SHA512),
        ("oci://localhost:5000/web:dev", "localhost:5000", "web", "dev", None),
        ("oci://127.0.0.1:5000/a__b/c---d/e.f", "127.0.0.1:5000", "a__b/c---d/e.f", "latest", None),
        ("oci://[::1]:5000/web:dev", "[::1]:5000", "web", "dev", None),
    ],
)
def test_a_reference_is_read(text, host, name, tag, digest):
    found = Reference.parse(text)

    assert found.repository == Repository(host, name)
    assert found.tag == tag
    assert found.digest == (Digest.parse(digest) if digest else None)
    assert found.mutable is (digest is None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "write oci://host[:port]/repository"),
        ("web", "write oci://host[:port]/repository"),
        ("web:1.0", "write oci://host[:port]/repository"),
        ("oci://registry.example", "write oci://host[:port]/repository"),
        ("oci://registry.example/", "write oci://host[:port]/repository"),
        ("oci:///web", "must be a name or address, as in registry.example:5000"),
        ("oci://-registry/web", "must be a name or address"),
        ("oci://a..b/web", "must be a name or address"),
        ("oci://registry.example:port/web", "must be a name or address"),
        ("oci://registry.example:65536/web", "must be a name or address"),
        ("oci://registry.example:0443/web", "must be a name or address"),
        ("oci://registry.example:0/web", "must be a name or address"),
        ("oci://[1:2]/web", "must be a name or address"),
        (f"oci://{'a' * 64}.example/web", "must be a name or address"),
        ("https://registry.example/web:1.0", "must be a name or address"),
        ("oci://registry.example/Web", "'Web' must be small letters and digits, separated by . _ - /"),
        ("oci://registry.example/web//api", "must be small letters and digits"),
        ("oci://registry.example/-web", "must be small letters and digits"),
        ("oci://registry.example/web/", "must be small letters and digits"),
        ("oci://registry.example/web:1:2/api", "a tag or digest belongs into ref"),
        (f"oci://registry.example/{'a' * 250}", "host and repository have at most 255 letters"),
        ("oci://registry.example/web:", "must be 1 to 128 letters, digits and . _ - as in 1.4.2"),
        ("oci://registry.example/web:-1", "must be 1 to 128 letters"),
        ("oci://registry.example/web:>=1.0", "must be 1 to 128 letters"),
        (f"oci://registry.example/web:{'1' * 129}", "must be 1 to 128 letters"),
        ("oci://registry.example/web:1.0\n", "must be 1 to 128 letters"),
        ("oci://registry.example/web@", "must be sha256:<64 hex digits> or sha512:<128>"),
        ("oci://registry.example/web@1.0", "must be sha256:<64 hex digits> or sha512:<128>"),
    ],
)
def test_what_is_not_a_reference_is_refused_with_what_is_right(text, says):
    with pytest.raises(InvalidReference, match=re.escape(says)):
        Reference.parse(text)


@pytest.mark.parametrize("parse", [Reference.parse, Repository.parse])
@pytest.mark.parametrize("user", ["user:s3cret@", "s3cret@", "user:s3c/s3cret@"])
def test_credentials_in_a_reference_are_refused_and_not_shown(parse, user):
    with pytest.raises(InvalidReference, match="without credentials, which belong into a docker config") as refusal:
        parse(f"oci://{user}registry.example/web")

    assert "s3c" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("registry.example/web", "must begin with oci://, as in oci://registry.example/patterns/web"),
        ("docker://registry.example/web", "must begin with oci://"),
        ("oci://registry.example/web:1.0", "a tag or digest belongs into ref"),
        (f"oci://registry.example/web@{SHA256}", "a tag or digest belongs into ref"),
    ],
)
def test_the_url_of_a_repository_holds_nothing_else(url, says):
    with pytest.raises(InvalidReference, match=re.escape(says)):
        Repository.parse(url)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "sha256:<64 hex digits> or sha512:<128>"),
        (HEX, "sha256:<64 hex digits> or sha512:<128>"),
        (f"md5:{HEX[:32]}", "sha256:<64 hex digits> or sha512:<128>"),
        (f"sha256:{HEX[:-1]}", "sha256 has 64 small hex digits"),
        (f"sha256:{HEX}0", "sha256 has 64 small hex digits"),
        (f"sha256:{HEX.upper()}", "sha256 has 64 small hex digits"),
        (f"sha512:{HEX}", "sha512 has 128 small hex digits"),
        (f"sha256:../{HEX[3:]}", "sha256 has 64 small hex digits"),
        (f"sha256:{'٣' * 64}", "sha256 has 64 small hex digits"),
    ],
)
def test_what_is_not_a_digest_is_refused_before_a_path_is_made_of_it(text, says):
    with pytest.raises(InvalidReference, match=re.escape(says)):
        Digest.parse(text)


@pytest.mark.parametrize("text", ["", "1.0", SHA256, f"1.0@2.0@{SHA256}", f"a b@{SHA256}", "1.0@", "1.0@sha256:0a"])
def test_what_is_not_a_revision_is_refused(text):
    with pytest.raises(InvalidReference):
        Revision.parse(text)


def test_a_digest_is_that_of_the_bytes():
    digest = Digest.of(b"{}")

    assert str(digest) == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert digest.short == "44136fa355b3"


@pytest.mark.parametrize(
    ("reference", "written"),
    [
        (Reference(Repository("r.example", "web"), semver=">=1.0"), "oci://r.example/web in '>=1.0'"),
        (
            Reference(Repository("r.example", "web"), tag="1.0", digest=Digest("sha256", HEX)),
            f"oci://r.example/web:1.0@{SHA256}",
        ),
    ],
)
def test_a_reference_is_written_as_people_read_it(reference, written):
    assert str(reference) == written


@pytest.mark.parametrize(
    ("text", "tag"),
    [("1.4.2", True), ("_", True), ("a" * 128, True), ("a" * 129, False), ("", False), ("1.0\n", False)],
)
def test_a_tag_is_one_by_the_grammar(text, tag):
    assert is_tag(text) is tag
