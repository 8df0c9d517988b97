"""What ``patternctl inspect`` prints for people: sections, each with as much as fits a screen."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pattern_operator.api.object import pluralize
from pattern_operator.cli import output

_ROWS: Final = 30  # of one section; -o json has all
_TAGS: Final = 10
_WIDTH: Final = 12
_FACTS: Final = (
    *("title", "version", "appVersion", "licenses", "vendor", "created", "category", "deprecated"),
    *("source", "documentation", "home"),
)
_LONGEST: Final = 400  # letters of a description; -o json has all


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a document of ``inspected``."""
    yield from _head(found)
    yield from _section("VERSIONS", _versions(found["versions"]))
    yield from _section("SIGNATURES", _signatures(found))
    yield from _section("ATTESTATIONS", _attestations(found["attestations"]))
    if found["contents"] is not None:
        yield from _section("COMPONENTS", _components(found["contents"]))
        yield from _section("IMAGES", _images(found["contents"]["images"]))
    yield from _section("PARAMETERS", _parameters(found["parameters"]))
    yield from _section("CHANGES", _changes(found["changelog"]))
    if found["readme"] is not None:
        yield ""
        yield "README: --readme prints it"


def _head(found: Mapping[str, Any]) -> Iterator[str]:
    metadata = found["metadata"]
    yield _fact("reference", found["reference"])
    yield _fact("digest", found["digest"])
    named = dict.fromkeys((metadata["title"] or metadata["name"], metadata["name"]))
    facts = {**metadata, "title": " / ".join(each for each in named if each)}
    for name in _FACTS:
        if facts[name]:
            yield _fact("app version" if name == "appVersion" else name, facts[name])
    if metadata["maintainers"]:
        yield _fact("maintainers", ", ".join(each["name"] for each in metadata["maintainers"][:_TAGS]))
    if metadata["description"]:
        text = output.plain(metadata["description"])
        yield _fact("description", text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\u2026")
    sizes = sum(layer["size"] for layer in found["layers"])
    layers = pluralize(len(found["layers"]), "layer")
    yield _fact("artifact", f"{found['artifactType'] or 'no type'}, {layers}, {sizes} bytes")
    if (contents := found["contents"]) is not None:
        hooks = f", {pluralize(contents['hooks'], 'hook')}" if contents["hooks"] else ""
        yield _fact("contents", f"{contents['format']}, {pluralize(contents['objects'])}{hooks}")


def _fact(name: str, value: str) -> str:
    return f"{name.ljust(_WIDTH)} {output.plain(value)}"


def _section(title: str, body: Sequence[str]) -> Iterator[str]:
    if body:
        yield ""
        yield output.colour(title, "dim")
        yield from body


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table of the first rows, and how many more there are."""
    if not rows:
        return []
    more = [f"and {len(rows) - _ROWS} more: -o json has all"] if len(rows) > _ROWS else []
    return [*output.table(header, rows[:_ROWS]), *more]


def _versions(versions: Mapping[str, Any] | None) -> list[str]:
    if versions is None:
        return []
    tags = [each["tag"] for each in versions["tags"]]
    rest = len(tags) - _TAGS + versions["more"]
    return [", ".join(tags[:_TAGS]) + (f" and {rest} more: see patternctl tags" if rest > 0 else "")] if tags else []


def _signatures(found: Mapping[str, Any]) -> list[str]:
    """Who is verified to have signed, where it was said whom to trust; then each signature and whom it names."""
    said: list[str] = []
    verification = found["verification"]
    if verification is not None:
        said.append(f"{'verified' if verification['verified'] else 'NOT VERIFIED'}: {verification['message']}")
    if found["signatures"] is not None and not found["signatures"]:
        said.append("none: nobody signed it")
    rows = [
        (
            _named(each),
            each["format"],
            "proven, and not yet trusted" if each["proven"] else f"not proven: {each['why']}",
            each["where"],
        )
        for each in found["signatures"] or ()
    ]
    return [output.plain(each) for each in said] + _rows(("SIGNER", "FORMAT", "PROVEN", "WHERE"), rows)


def _named(signer: Mapping[str, Any]) -> str:
    if signer["issuer"]:
        return f"{signer['identity']} ({signer['issuer']})"
    return signer["identity"] or (f"key {signer['hint']}" if signer["hint"] else "")


def _attestations(attached: Sequence[Mapping[str, Any]] | None) -> list[str]:
    rows = [
        (each["kind"], each["predicateType"] or each["mediaType"] or "", str(each["size"]), each["where"])
        for each in attached or ()
    ]
    return _rows(("KIND", "TYPE", "BYTES", "WHERE"), rows)


def _components(contents: Mapping[str, Any]) -> list[str]:
    order = {"refused": 0, "rendered": 1, "skipped": 2}
    listed = sorted(contents["components"], key=lambda each: order.get(each["outcome"], 3))
    rows = [
        (each["kind"] or "", each["name"], each["namespace"] or "", each["outcome"], each["reason"] or "")
        for each in listed
    ]
    return _rows(("KIND", "NAME", "NAMESPACE", "OUTCOME", "REASON"), rows)


def _images(images: Sequence[Mapping[str, Any]]) -> list[str]:
    return _rows(("IMAGE", "USED BY"), [(each["image"], _users(each)) for each in images])


def _users(image: Mapping[str, Any]) -> str:
    shown = image["usedBy"][:3]
    more = len(image["usedBy"]) - len(shown) + image["more"]
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _parameters(parameters: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        (
            each["path"],
            each["type"] or "",
            "yes" if each["required"] else "",
            each["default"] or "",
            each["description"] or (f"one of {', '.join(each['choices'])}" if each["choices"] else ""),
        )
        for each in parameters
    ]
    return _rows(("PARAMETER", "TYPE", "REQUIRED", "DEFAULT", "DESCRIPTION"), rows)


def _changes(releases: Sequence[Mapping[str, Any]]) -> list[str]:
    """The newest release."""
    if not releases:
        return []
    newest = releases[0]
    head = " ".join(filter(None, (newest["version"] or "this version", newest["date"])))
    shown = [f"  {each['kind'] or '-'}: {output.plain(each['description'])}" for each in newest["changes"][:_ROWS]]
    older = pluralize(len(releases) - 1, "older release")
    more = [f"and {older}: in -o json"] if len(releases) > 1 else []
    return [head, *shown, *more]
