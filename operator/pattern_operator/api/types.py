"""Types of the strings in a spec, each with the rules that the API server checks.

A rule is CEL where possible, because unlike a schema's ``pattern`` it has a message of its own, which says what is
right. Constraints belong to the string's type, descriptions to the field: a field may be absent.
"""

from typing import Annotated

from msgspec import Meta


def cel(*rules: tuple[str, str]) -> Meta:
    """CEL rules, each with the message that says what is right."""
    validations = [{"rule": rule, "message": message} for rule, message in rules]
    return Meta(extra_json_schema={"x-kubernetes-validations": validations})


def _matches(pattern: str) -> str:
    """The CEL expression for a whole match: unlike a schema's ``pattern``, a CEL rule has a message of its own."""
    return f"self.matches('^{pattern}$')"


# As Flux and metav1.Duration write it. CEL's duration() ends at 292 years, and its error would be all that is said.
_DURATION = _matches(r"([0-9]{1,5}([.][0-9]+)?(ms|s|m|h))+")
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"  # RFC 1123, as Kubernetes reads it
Duration = Annotated[
    str,
    Meta(min_length=2, max_length=32),
    cel(
        (_DURATION, "must be a duration such as 30s, 5m or 1h30m, with numbers of at most 5 digits"),
        (f"!{_DURATION} || duration(self) >= duration('1s')", "must be at least 1s"),
    ),
]
ResourceName = Annotated[
    str,
    Meta(min_length=1, max_length=253),
    cel((_matches(f"{_LABEL}([.]{_LABEL})*"), "must be the name of a resource: small letters, digits, - and .")),
]
Namespace = Annotated[
    str,
    Meta(min_length=1, max_length=63),
    cel((_matches(_LABEL), "must be the name of a namespace: small letters, digits and -")),
]
Tag = Annotated[
    str,
    Meta(min_length=1, max_length=128, examples=["1.0"]),
    cel((_matches("[a-zA-Z0-9_][a-zA-Z0-9._-]*"), "must be a tag, such as 1.4.2: letters, digits and . _ -")),
]  # distribution-spec 1.1, "Pulling manifests"
TagOrVersion = Annotated[
    str,
    Meta(min_length=1, max_length=128, examples=["1.0"]),
    cel((_matches("[a-zA-Z0-9_][a-zA-Z0-9._+-]*"), "must be a tag, such as 1.4.2: letters, digits and . _ - +")),
]
DigestText = Annotated[
    str,
    Meta(min_length=1, max_length=135),
    cel(
        (
            _matches("(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})"),
            "must be sha256: and 64 small hex digits (or sha512: and 128), as a registry prints it",
        )
    ),
]
# What ``source.semver.range`` reads, and some that it does not: numbers of more than 64 bits and the like are for it.
_NUMBER = "[0-9xX*|]+"
_IDENTIFIERS = "[0-9A-Za-z-]+([.][0-9A-Za-z-]+)*"
_BOUND = (
    rf"([!<>]?=|=?[<>]|~>?|\\^)?\\s*v?{_NUMBER}([.]{_NUMBER})?([.]{_NUMBER})?(-{_IDENTIFIERS})?([+]{_IDENTIFIERS})?"
)
VersionRange = Annotated[
    str,
    Meta(min_length=1, max_length=512, examples=["1.0"]),
    cel(
        (
            _matches(rf"\\s*{_BOUND}((\\s*,|\\s*[|][|]|\\s+-\\s+)?\\s*{_BOUND})*\\s*"),
            "must be a range of versions, such as '>=1.4 <2', '1.x' or '^1.2.3'; a tag such as latest belongs into"
            " source.ref.tag",
        )
    ),
]
Regex = Annotated[str, Meta(min_length=1, max_length=256)]
MediaType = Annotated[str, Meta(min_length=1, max_length=255)]
FilePath = Annotated[str, Meta(min_length=1, max_length=1024)]
Pem = Annotated[str, Meta(min_length=1, max_length=16384)]
DisplayName = Annotated[str, Meta(min_length=1, max_length=128)]
DataKey = Annotated[
    str,
    Meta(min_length=1, max_length=253),
    cel((_matches("[-._a-zA-Z0-9]+"), "must be a key of a Secret or ConfigMap: letters, digits and - . _")),
]
# Any object, kept as its JSON text (``designpattern.decode``): a frozen value, which no reader walks through.
JsonObject = Annotated[str, Meta(extra_json_schema={"x-kubernetes-preserve-unknown-fields": True})]
TargetPath = Annotated[
    str,
    Meta(min_length=1, max_length=250),
    cel(
        (
            r"self.matches('^([^\\[\\].=,{}\\\\]|\\\\.)+([.]([^\\[\\].=,{}\\\\]|\\\\.)+|[[][0-9]{1,5}[]])*$')",
            "must be the path of a parameter such as db.password or hosts[0].name; a dot in a name is written \\.",
        )
    ),
]

_SEGMENT = "([^~/]|~0|~1)*"
_IDENTITY = ", ".join(
    f"'/{each}'" for each in ("apiVersion", "kind", "metadata", "metadata/name", "metadata/namespace", "metadata/uid")
)
Pointer = Annotated[
    str,
    Meta(min_length=1, max_length=256),
    cel(
        (
            _matches(f"(/{_SEGMENT})+"),
            "must be a JSON pointer (RFC 6901) such as /spec/replicas; / in a name is written ~1, and ~ is written ~0",
        ),
        (f"!(self in [{_IDENTITY}])", "must not be what names the object: apiVersion, kind and metadata stay"),
    ),
]
KindName = Annotated[str, Meta(min_length=1, max_length=63)]

_MAX_URL = len("oci://") + 255 + len("/")  # distribution-spec: clients limit host and repository to 255 together
_HOST_LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
_HOST = rf"({_HOST_LABEL}([.]{_HOST_LABEL})*|[[][0-9a-fA-F:]+[]])(:({_PORT}))?"
HostPort = Annotated[
    str,
    Meta(min_length=1, max_length=253 + len(":65535")),
    cel(
        (
            "!self.contains('/') && !self.contains('@')",
            "must be host[:port] alone, as in auth.example.com: without https://, path and credentials",
        ),
        (
            f"self.contains('/') || self.contains('@') || {_matches(_HOST)}",
            "must be host[:port], the host a name or address, as in auth.example.com or auth.example.com:8443",
        ),
    ),
]
_WORDS = "[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*"
_URL_SHAPE = _matches("oci://[^/@]+/[^@:]+")
_URL_HOST = _matches(f"oci://{_HOST}/[^@]+")
_URL = _matches(f"oci://{_HOST}/{_WORDS}(/{_WORDS})*")
Url = Annotated[
    str,
    Meta(min_length=1, max_length=_MAX_URL),
    cel(
        ("self.startsWith('oci://')", "url must begin with oci://, as in oci://registry.example/patterns/web"),
        (
            f"!self.startsWith('oci://') || {_URL_SHAPE}",
            "url must be oci://host[:port]/repository; the tag or digest belongs into ref, credentials into secretRef",
        ),
        (
            f"!{_URL_SHAPE} || {_URL_HOST}",
            "url must be oci://host[:port]/repository, the host a name or address as in registry.example:5000",
        ),
        (
            f"!{_URL_HOST} || !{_URL_SHAPE} || {_URL}",
            "url must be oci://host[:port]/repository, the repository in small letters and digits separated by"
            " . _ - or /",
        ),
    ),
]

RepositoryPrefix = Annotated[
    str,
    Meta(min_length=1, max_length=_MAX_URL),
    cel(
        (
            _matches(f"oci://{_HOST}(/{_WORDS})*/?"),
            "must be oci://host[:port], or that and a path, as in oci://mirror.example/patterns: small letters and"
            " digits separated by . _ - or /, and no globs, for what is below it belongs to it",
        ),
    ),
]

_GLOB_HOST = rf"([*]|([*][.])?{_HOST_LABEL}([.]{_HOST_LABEL})*|[[][0-9a-fA-F:]+[]])(:({_PORT}))?"
_GLOB_PATH = "[a-z0-9._*-]+(/[a-z0-9._*-]+)*"
UrlGlob = Annotated[
    str,
    Meta(min_length=1, max_length=512),
    cel(
        ("self.startsWith('oci://')", "url must begin with oci://, as in oci://registry.example/patterns/**"),
        (
            "!self.contains('@') && !self.matches('^oci://.*/[^/]*:')",
            "url must name repositories alone: a policy holds for every tag and digest, and credentials do not belong"
            " here",
        ),
        (
            f"!self.startsWith('oci://') || self == 'oci://**' || {_matches(f'oci://{_GLOB_HOST}/.*')}",
            "url must be oci://host[:port]/path, the host a name or address, *.example.com, or * for every host; or"
            " oci://** for everything",
        ),
        (
            f"self == 'oci://**' || !{_matches('oci://[^/]+/.*')} || {_matches(f'oci://[^/]+/{_GLOB_PATH}')}",
            "the path in url must be small letters, digits and . _ - /, with * for any text without / and ** for any"
            " text",
        ),
        ("!self.contains('***')", "url must not have *** in it: ** is any text already"),
    ),
]
