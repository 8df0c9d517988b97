"""A policy.json of containers/image: what is signed with sigstore becomes a policy for each requirement."""

import base64
from typing import Any

import pytest

from pattern_operator.cli.imports import containers

KEY = b"-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
SIGNED: dict[str, Any] = {"type": "sigstoreSigned", "keyData": base64.b64encode(KEY).decode()}
SIGNED |= {"signedIdentity": {"type": "matchRepository"}}


@pytest.fixture
def convert(tmp_path):
    def convert(*, default=(), **scopes):
        document = {"default": list(default), "transports": {"docker": scopes["scopes"]}} if scopes else {}
        return containers.convert(document or {"default": list(default)}, tmp_path)

    return convert


def spec_of(carried):
    (draft,) = carried.policies
    return draft.body["spec"]


@pytest.mark.parametrize(
    ("scope", "urls"),
    [
        ("registry.example/patterns", ["oci://registry.example/patterns", "oci://registry.example/patterns/**"]),
        ("registry.example", ["oci://registry.example/**"]),
        ("registry.example:5000", ["oci://registry.example:5000/**"]),
        ("*.registry.example", ["oci://*.registry.example/**"]),
        ("", ["oci://**"]),
    ],
)
def test_a_scope_is_itself_and_all_below(convert, scope, urls):
    carried = convert(scopes={scope: [SIGNED]})

    assert carried.lost == ()
    assert [each["url"] for each in spec_of(carried)["match"]] == urls
    assert spec_of(carried)["authorities"] == [{"name": "key-1", "key": {"data": KEY.decode()}}]
    assert spec_of(carried)["repository"] == {"required": True}


def test_several_keys_are_authorities_and_several_requirements_policies(convert, tmp_path):
    (tmp_path / "a.pub").write_bytes(KEY)
    several: dict[str, Any] = {"type": "sigstoreSigned", "keyPaths": ["a.pub", str(tmp_path / "a.pub")]}
    several |= {"signedIdentity": {"type": "matchRepository"}}

    carried = convert(scopes={"registry.example": [several, SIGNED]})

    assert carried.lost == ()
    assert [len(draft.authorities) for draft in carried.policies] == [2, 1]
    assert len({draft.name for draft in carried.policies}) == 2


def test_a_log_and_certificates_of_ones_own_are_carried_over(convert):
    text = base64.b64encode(KEY).decode()
    pki = {"caRootsData": text, "caIntermediatesData": text, "subjectEmail": "ci@example.com"}

    carried = convert(scopes={"": [{"type": "sigstoreSigned", "pki": pki, "rekorPublicKeyData": text}]})

    (authority,) = spec_of(carried)["authorities"]
    assert authority["certificates"]["subject"] == {"emails": ["ci@example.com"]}
    assert authority["certificates"]["roots"] == authority["certificates"]["intermediates"] == {"data": KEY.decode()}
    assert authority["transparencyLog"] == {"keys": {"data": KEY.decode()}}


@pytest.mark.parametrize(
    ("identity", "repository", "lost"),
    [
        (None, {"required": True}, "requires the tag in the signature, too"),
        ({"type": "matchExact"}, {"required": True}, "requires the tag in the signature, too"),
        (
            {"type": "remapIdentity", "prefix": "mirror.example", "signedPrefix": "registry.example"},
            {"required": True, "mirrors": [{"prefix": "oci://mirror.example", "of": "oci://registry.example"}]},
            "",
        ),
        ({"type": "exactReference", "dockerReference": "x"}, {"required": True}, "requires the identity"),
    ],
)
def test_what_signatures_have_to_name_is_carried_over(convert, identity, repository, lost):
    signed = {**SIGNED, **({"signedIdentity": identity} if identity else {})}
    if identity is None:
        del signed["signedIdentity"]

    carried = convert(scopes={"registry.example": [signed]})

    assert spec_of(carried)["repository"] == repository
    assert lost in " ".join(carried.lost)


@pytest.mark.parametrize(
    ("requirement", "says"),
    [
        ({"type": "reject"}, "start the operator with --unsigned=Deny"),
        ({"type": "signedBy", "keyType": "GPGKeys"}, "sign it with sigstore or notation"),
        ({"type": "insecureAcceptAnything"}, "accepts anything"),
        ({"type": "sigstoreSigned", "fulcio": {}}, "without a key of certificate transparency"),
        ({"type": "sigstoreSigned", "keyPath": "gone.pub"}, "names the file 'gone.pub', which cannot be read"),
        ({"type": "sigstoreSigned", "keyData": "%"}, "has keyData that is not base64"),
        ({"type": "sigstoreSigned"}, "has nobody who can be said here"),
        ({"type": "sigstoreSigned", "pki": {"caRootsData": "QQ=="}}, "has nobody who can be said here"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_said_becomes_no_policy_and_is_named(convert, requirement, says):
    carried = convert(scopes={"registry.example": [requirement]})

    assert carried.policies == ()
    assert says in " ".join(carried.lost)


@pytest.mark.parametrize("scope", ["registry.example/web:1.0", "registry.example/web@sha256:0a", "registry.example/*"])
def test_a_scope_that_is_no_repository_is_named(convert, scope):
    carried = convert(scopes={scope: [SIGNED]})

    assert carried.policies == ()
    assert "nothing is written of it" in carried.lost[0]


def test_that_the_longest_scope_decides_there_and_all_here_is_named(convert):
    carried = convert(default=[SIGNED], scopes={"registry.example": [SIGNED]})

    assert len(carried.policies) == 2
    assert "all policies that cover an artifact have to be met" in carried.lost[-1]
