"""TrustPolicy on a real API server: what could never hold, or would trust everybody, is refused with what is right."""

import json

import msgspec
import pytest
from tests.testbed.kubectl import KubectlFailed

from pattern_operator.api.names import API_VERSION
from pattern_operator.api.trust_policy import decode, decode_match

PEM = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYI\n-----END PUBLIC KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMFkw\n-----END CERTIFICATE-----\n"
URL = "oci://registry.example/patterns/**"
RELEASE = {"name": "release", "key": {"data": PEM}}
IDENTITY = {"issuer": "https://issuer.example", "subject": "release@example.com"}
STORE = {"type": "ca", "name": "acme", "data": CERTIFICATE}
NOTATION = {"trustStores": [STORE], "trustedIdentities": ["x509.subject: C=US, ST=WA, O=acme"]}


def policy(*authorities, match=({"url": URL},), **spec):
    """A TrustPolicy that is right but for what is given."""
    return {
        "apiVersion": API_VERSION,
        "kind": "TrustPolicy",
        "metadata": {"name": "release"},
        "spec": {"match": list(match), "authorities": list(authorities or (RELEASE,)), **spec},
    }


def by(**authority):
    return policy({"name": "release", **authority})


def keyless(**identity):
    return by(keyless={"identities": [identity]})


@pytest.fixture
def accepted(kubectl):
    def accept(body):
        options = ("--dry-run=server", "--validate=strict", "--filename=-")
        return kubectl.json("create", *options, stdin=json.dumps(body))

    return accept


@pytest.fixture
def refusal(accepted):
    def refuse(body):
        with pytest.raises(KubectlFailed) as failed:
            accepted(body)
        return str(failed.value)

    return refuse


KINDS = {
    "key": {"key": {"configMapRef": {"name": "keys"}}},
    "keyless": {"keyless": {"identities": [IDENTITY]}},
    "keyless by expressions": {
        "keyless": {
            "identities": [{"issuerRegExp": "https://issuer[.]example", "subjectRegExp": "[^@]+@example[.]com"}]
        }
    },
    "certificates": {"certificates": {"roots": {"data": CERTIFICATE}, "subject": {"emails": ["a@example.com"]}}},
    "notation": {"notation": NOTATION},
    "with a log": {"key": {"data": PEM}, "transparencyLog": {"keys": {"data": PEM}}},
    "with a timestamp": {"key": {"data": PEM}, "timestamp": {"certificates": {"data": CERTIFICATE}}},
    "with annotations": {"key": {"data": PEM}, "annotations": {"version": "1.4"}},
    "with attestations": {
        "key": {"data": PEM},
        "attestations": [{"name": "provenance", "predicateType": "https://slsa.dev/provenance/v1"}],
    },
}


@pytest.mark.parametrize("authority", KINDS.values(), ids=KINDS.keys())
def test_every_kind_of_authority_is_accepted_and_read_as_it_was_written(accepted, authority):
    found = decode(accepted(by(**authority)))

    (read,) = found.spec.authorities
    assert read.name == "release"
    assert msgspec.to_builtins(read).keys() == {"name", *authority}


def test_what_is_not_said_is_strict(accepted):
    spec = decode(accepted(policy())).spec

    assert (spec.mode, spec.threshold, spec.on_failure, spec.allow_downgrade, spec.max_age) == (
        "Enforce",
        1,
        "Keep",
        False,
        None,
    )


NEEDS_TIME = "maxAge needs an authority whose signatures prove a time"
NAMES_NONE = "repository.required needs as many authorities as threshold says"
ATTESTED = {"name": "provenance", "predicateType": "https://slsa.dev/provenance/v1"}


def aged(*authorities):
    return policy(*authorities, maxAge="24h")


def named(*authorities, **spec):
    return policy(*authorities, repository={"required": True}, **spec)


def selecting(**selector):
    return policy(match=[{"url": URL, "namespaceSelector": selector}])


ONE_KIND = "an authority needs exactly one of key, keyless, certificates or notation"
WRONG = {
    "no authority": (policy(authorities=[]), "spec.authorities in body should have at least 1 items"),
    "no match": (policy(match=[]), "spec.match in body should have at least 1 items"),
    "an authority of no kind": (by(), ONE_KIND),
    "an authority of two kinds": (by(key={"data": PEM}, keyless={"identities": [IDENTITY]}), ONE_KIND),
    "an authority without a name": (policy({"key": {"data": PEM}}), "each authority of a TrustPolicy needs a name"),
    "two of one name": (policy(RELEASE, RELEASE), "each authority needs a name of its own"),
    "a threshold that nobody meets": (policy(threshold=2), "threshold must not be more than the number of authorities"),
    "a threshold of none": (policy(threshold=0), "should be greater than or equal to 1"),
    "no identity": (by(keyless={"identities": []}), "identities in body should have at least 1 items"),
    "no issuer": (keyless(subject="a@example.com"), "an identity needs exactly one of issuer or issuerRegExp"),
    "no subject": (keyless(issuer="https://a.example"), "an identity needs exactly one of subject or subjectRegExp"),
    "two issuers": (keyless(**IDENTITY, issuerRegExp="a"), "an identity needs exactly one of issuer or issuerRegExp"),
    "two subjects": (
        keyless(**IDENTITY, subjectRegExp="a"),
        "an identity needs exactly one of subject or subjectRegExp",
    ),
    "everybody": (keyless(issuer="https://a.example", subjectRegExp=".*"), "must not match everything"),
    "no expression": (keyless(issuer="https://a.example", subjectRegExp="("), "missing closing ): `(`"),
    "no certificate named": (
        by(certificates={"roots": {"data": CERTIFICATE}, "subject": {}}),
        "subject needs one of emails, dnsNames or uris",
    ),
    "roots from nowhere": (
        by(certificates={"roots": {}, "subject": {"emails": ["a@example.com"]}}),
        "needs exactly one of data, secretRef or configMapRef",
    ),
    "a private key": (
        by(certificates={"roots": {"data": PEM.replace("PUBLIC", "PRIVATE")}, "subject": {"emails": ["a"]}}),
        "must not contain a private key",
    ),
    "no trust store": (
        by(notation={**NOTATION, "trustStores": []}),
        "trustStores in body should have at least 1 items",
    ),
    "a trust store of timestamps alone": (
        by(notation={**NOTATION, "trustStores": [{**STORE, "type": "tsa"}]}),
        "trustStores needs one of type ca or signingAuthority",
    ),
    "a trust store of no certificate": (
        by(notation={**NOTATION, "trustStores": [{"type": "ca", "name": "acme"}]}),
        "a trust store needs exactly one of data, secretRef or configMapRef",
    ),
    "no trusted identity": (
        by(notation={**NOTATION, "trustedIdentities": []}),
        "trustedIdentities in body should have at least 1 items",
    ),
    "an identity of another form": (
        by(notation={**NOTATION, "trustedIdentities": ["O=acme"]}),
        "trustedIdentities must be x509.subject: and a distinguished name, or * alone",
    ),
    "everybody and somebody": (
        by(notation={**NOTATION, "trustedIdentities": ["*", "x509.subject: O=a"]}),
        "trustedIdentities must have * alone",
    ),
    "no level": (by(notation={**NOTATION, "level": "skip"}), 'supported values: "audit", "permissive", "strict"'),
    "a log for notation": (
        by(notation=NOTATION, transparencyLog={"required": True}),
        "notation must stand without transparencyLog",
    ),
    "attestations of notation": (
        by(notation=NOTATION, attestations=[{"name": "a", "predicateType": "b"}]),
        "notation must stand without transparencyLog",
    ),
    "a log's keys for keyless": (
        by(keyless={"identities": [IDENTITY]}, transparencyLog={"keys": {"data": PEM}}),
        "the keys of the logs must be in keyless.trustedRoot",
    ),
    "no predicate type": (by(key={"data": PEM}, attestations=[{"name": "a"}]), "predicateType: Required value"),
    "another mode": (policy(mode="Audit"), 'supported values: "Enforce", "Warn"'),
    "another end": (policy(onFailure="Delete"), 'supported values: "Keep", "Prune"'),
    "no duration": (policy(maxAge="30d"), "must be a duration such as 30s, 5m or 1h30m"),
    "mirrors that are not looked at": (
        policy(repository={"mirrors": [{"prefix": "oci://a/b", "of": "oci://c/d"}]}),
        "repository.mirrors only goes with repository.required: true",
    ),
    "a mirror of something else": (
        policy(repository={"required": True, "mirrors": [{"prefix": "a/b", "of": "oci://c/d"}]}),
        "must be oci://host[:port], or that and a path",
    ),
    "a mirror that is a glob": (
        policy(repository={"required": True, "mirrors": [{"prefix": "oci://a/mirror/**", "of": "oci://c/d"}]}),
        "must be oci://host[:port], or that and a path",
    ),
    "a mirror of a glob": (
        policy(repository={"required": True, "mirrors": [{"prefix": "oci://a/b", "of": "oci://c/**"}]}),
        "must be oci://host[:port], or that and a path",
    ),
    "an age that a key alone proves": (aged(RELEASE), NEEDS_TIME),
    "an age that notation alone proves": (aged({"name": "n", "notation": NOTATION}), NEEDS_TIME),
    "a repository that notation names": (named({"name": "n", "notation": NOTATION}), NAMES_NONE),
    "a repository that attestations name": (named({**RELEASE, "attestations": [ATTESTED]}), NAMES_NONE),
    "a repository that one of two names": (
        named(RELEASE, {"name": "n", "notation": NOTATION}, threshold=2),
        NAMES_NONE,
    ),
    "a label that no namespace has": (selecting(matchLabels={"env": "pr od"}), "must be labels: letters, digits"),
    "a name that no label has": (selecting(matchLabels={"-env": "prod"}), "must be labels: letters, digits"),
    "a value that no label has": (
        selecting(matchExpressions=[{"key": "env", "operator": "In", "values": ["prod-"]}]),
        "key and values must be those of a label",
    ),
    "a key that no label has": (
        selecting(matchExpressions=[{"key": "a b", "operator": "Exists"}]),
        "key and values must be those of a label",
    ),
    "an empty list of attestations": (
        by(key={"data": PEM}, attestations=[]),
        "attestations in body should have at least 1 items",
    ),
    "no annotation": (by(key={"data": PEM}, annotations={}), "annotations in body should have at least 1 properties"),
    "everybody, by anchors": (keyless(issuer="https://a.example", subjectRegExp="^.+$"), "must not match everything"),
    "a selector without values": (
        policy(match=[{"url": URL, "namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}]),
        "values must be there with In and NotIn",
    ),
    "a selector with values too many": (
        policy(
            match=[
                {
                    "url": URL,
                    "namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
                }
            ]
        ),
        "values must be there with In and NotIn",
    ),
    "a field of another name": (policy(minimum=2), 'unknown field "spec.minimum"'),
}


@pytest.mark.parametrize(("body", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_could_never_hold_is_refused_with_what_is_right(refusal, body, says):
    assert says in refusal(body)


CAN_BE_MET = {
    "an age that a log proves": aged({**RELEASE, "transparencyLog": {"keys": {"data": PEM}}}),
    "an age that a timestamp proves": aged({**RELEASE, "timestamp": {"certificates": {"data": CERTIFICATE}}}),
    "an age that one of two proves": aged(RELEASE, {"name": "k", "keyless": {"identities": [IDENTITY]}}),
    "an age that a tsa proves": aged(
        {"name": "n", "notation": {**NOTATION, "trustStores": [STORE, {**STORE, "type": "tsa"}]}}
    ),
    "a repository beside notation": named(RELEASE, {"name": "n", "notation": NOTATION}),
    "a repository by keyless": named({"name": "k", "keyless": {"identities": [IDENTITY]}}),
    "mirrors": policy(
        repository={
            "required": True,
            "mirrors": [{"prefix": "oci://mirror.example:5000", "of": "oci://registry.example/patterns/"}],
        }
    ),
    "labels": selecting(
        matchLabels={"kubernetes.io/metadata.name": "prod_1.a", "empty": ""},
        matchExpressions=[{"key": "example.com/a", "operator": "NotIn", "values": ["", "b"]}],
    ),
}


@pytest.mark.parametrize("body", CAN_BE_MET.values(), ids=CAN_BE_MET.keys())
def test_what_something_can_meet_is_accepted(accepted, body):
    assert decode(accepted(body)).spec.authorities


SECRET = "MC4CAQAwBQYDK2VwBCIEIPlanted"
PRIVATE_KEY = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"
WITH_PRIVATE_KEY = {
    "key": {"key": {"data": PRIVATE_KEY}},
    "keyless.trustedRoot": {"keyless": {"identities": [IDENTITY], "trustedRoot": {"data": PRIVATE_KEY}}},
    "certificates.roots": {"certificates": {"roots": {"data": PRIVATE_KEY}, "subject": {"emails": ["a"]}}},
    "certificates.intermediates": {
        "certificates": {
            "roots": {"data": CERTIFICATE},
            "intermediates": {"data": PRIVATE_KEY},
            "subject": {"emails": ["a"]},
        }
    },
    "notation.trustStores": {"notation": {**NOTATION, "trustStores": [{**STORE, "data": PRIVATE_KEY}]}},
    "transparencyLog.keys": {"key": {"data": PEM}, "transparencyLog": {"keys": {"data": PRIVATE_KEY}}},
    "transparencyLog.trustedRoot": {"key": {"data": PEM}, "transparencyLog": {"trustedRoot": {"data": PRIVATE_KEY}}},
    "timestamp.certificates": {"key": {"data": PEM}, "timestamp": {"certificates": {"data": PRIVATE_KEY}}},
}


@pytest.mark.parametrize("authority", WITH_PRIVATE_KEY.values(), ids=WITH_PRIVATE_KEY.keys())
def test_a_private_key_is_refused_and_not_printed(refusal, authority):
    said = refusal(by(**authority))

    assert "data must not contain a private key: remove it, and treat it as disclosed" in said
    assert SECRET not in said


BEGIN = "url must begin with oci://"
SHAPE = "url must be oci://host[:port]/path"
ALONE = "url must name repositories alone"
PATH = "the path in url must be small letters, digits"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("registry.example/**", BEGIN),
        ("", "should be at least 1 chars long"),
        ("**", BEGIN),
        ("oci://registry.example", SHAPE),
        ("oci://*", SHAPE),
        ("oci://registry.*/web", SHAPE),
        ("oci://**.example/web", SHAPE),
        ("oci://*registry.example/web", SHAPE),
        ("oci://registry.example:*/web", SHAPE),
        ("oci://registry.example:65536/web", SHAPE),
        ("oci://registry.example:0443/web", SHAPE),
        ("oci://registry.example/web:1.0", ALONE),
        ("oci://registry.example/web@sha256:00", ALONE),
        ("oci://me@registry.example/web", ALONE),
        ("oci://registry.example/Web", PATH),
        ("oci://registry.example/web/", PATH),
        ("oci://registry.example//web", PATH),
        ("oci://registry.example/w?b", PATH),
        ("oci://registry.example/[ab]", PATH),
        ("oci://registry.example/***", "url must not have *** in it"),
    ],
)
def test_a_url_that_matches_nothing_or_not_what_it_seems_is_refused(refusal, url, says):
    assert says in refusal(policy(match=[{"url": url}]))


@pytest.mark.parametrize(
    "url",
    [
        "oci://**",
        "oci://*/**",
        "oci://*/patterns/*",
        "oci://*.example.com/**",
        "oci://registry.example:5000/web",
        "oci://[::1]:5000/**",
        "oci://registry.example/team-*/web**",
    ],
)
def test_a_url_is_accepted(accepted, url):
    assert accepted(policy(match=[{"url": url}]))["spec"]["match"] == [{"url": url}]


def test_the_largest_policy_is_accepted(accepted):
    authorities = [
        {"name": f"a{number}", "key": {"data": PEM + " " * 2000}, "annotations": {f"k{i}": "v" for i in range(32)}}
        for number in range(16)
    ]
    match = [{"url": f"oci://registry.example/{number}/**"} for number in range(64)]

    assert len(accepted(policy(*authorities, match=match, threshold=16))["spec"]["authorities"]) == 16


def test_a_field_that_is_not_known_is_not_read_as_if_it_were_not_there():
    with pytest.raises(msgspec.ValidationError, match="unknown field `notBefore`"):
        decode(policy(notBefore="2026-01-01"))
    with pytest.raises(msgspec.ValidationError, match="unknown field `hsm`"):
        decode(by(key={"data": PEM}, hsm={}))


def test_what_a_broken_policy_covers_is_read_where_it_can_be():
    whole, half, none = policy(mode="Audit"), policy(match=[{"url": 1}]), policy(match=[])

    assert [each.url for each in decode_match(whole) or ()] == [URL]
    assert decode_match(half) is None
    assert decode_match(none) is None
    assert decode_match({"spec": 1}) is None
