"""Tells of ``spec.render.images`` what kustomize does not: images that no object uses, objects that stop it."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pattern_operator.api.fields import array, mapping_at, mappings, text
from pattern_operator.api.object import Object
from pattern_operator.api.report import ComponentReport
from pattern_operator.quote import image as shown
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.options import Image, Options
from pattern_operator.render.transform.patches import invalid

_FIELDS: Final = ("image", "reference")  # of a container; of a volume that is an image
_CONTAINERS: Final = ("containers", "initContainers")
_UNUSED: Final = {
    False: "no object of the pattern has the image {}",
    True: "no container of the pattern has the image {}; where another field names it, as in a custom resource, it is"
    " changed by spec.render.patches",
}
_WRONG_NODE: Final = "wrong node kind"
_OF_AN_IMAGE: Final = tuple(f"/{field}" for field in _FIELDS)  # the path of an operation
_LONGEST: Final = 256
_TAG_AND_DIGEST: Final = r"(:[a-zA-Z0-9_.{}-]*)?(@[a-zA-Z0-9+._-]+:[a-zA-Z0-9_.{}-]*)?"


def unused_images(
    bodies: Sequence[dict[str, Any]], patches: Sequence[Any], options: Options
) -> tuple[ComponentReport, ...]:
    """A row for each image that no container of ``bodies`` has, and none of ``patches``, which are made before."""
    if not options.images:
        return ()
    changed = {image for body in bodies for image in _images(body)}
    used = _used(changed.union(*map(_of_patch, patches)), options)
    elsewhere = _used({image for body in bodies for image in _named_so(body)}, options)
    reason = ComponentReason.MATCHES_NOTHING
    return tuple(
        ComponentReport(
            f"spec.render.images[{place}]",
            "",
            "",
            reason.outcome,
            str(reason),
            _UNUSED[place in elsewhere].format(shown(each.name, _LONGEST)),
        )
        for place, each in enumerate(options.images)
        if place not in used
    )


def refuse_odd_images(objects: Sequence[Object], said: str, options: Options) -> None:
    """Raise Stalled for an object whose containers kustomize cannot read, where ``said`` is that it found such a one.

    It looks into ``containers`` and ``initContainers`` of every kind, wherever they stand (kustomize 5.8,
    ``api/filters/imagetag/legacy.go``).
    """
    if not options.images or _WRONG_NODE not in said:
        return
    for each in objects:
        if path := next(_odd(each.body, ""), ""):
            why = f"{each.key.display_name} has no image as text in {shown(path, _LONGEST)}, and kustomize stops there"
            raise invalid("spec.render.images", f"{why}: leave images out, and patch those of the other objects")


def _odd(value: Any, path: str) -> Iterator[str]:
    """The fields of containers that are none, or have an image that is not a text."""
    if isinstance(value, list):
        for place, child in enumerate(value):
            yield from _odd(child, f"{path}[{place}]")
    if not isinstance(value, dict):
        return
    for field, child in value.items():
        where = f"{path}.{field}" if path else field
        if field in _CONTAINERS and isinstance(child, list):
            for place, each in enumerate(child):
                if not isinstance(each, dict):
                    yield f"{where}[{place}]"
                elif not isinstance(each.get("image") or "", str):
                    yield f"{where}[{place}].image"
        yield from _odd(child, where)


def _used(images: set[str], options: Options) -> frozenset[int]:
    """The places of those that kustomize finds in ``images``, or in what one before them makes of these.

    Kustomize 5.8, ``api/internal/image/image.go``, ``IsImageMatched``: the name alone, or with a tag and digest behind
    it; so a name may have a tag of its own.
    """
    used, known = set[int](), set(images)
    for place, each in enumerate(options.images):
        named = re.compile(re.escape(each.name) + _TAG_AND_DIGEST)
        if found := [image for image in known if named.fullmatch(image)]:
            used.add(place)
            known.update(_changed(image, each) for image in found)
    return frozenset(used)


def _changed(image: str, change: Image) -> str:
    """What kustomize makes of it (5.8, ``api/filters/imagetag/updater.go``, ``SetImageValue``)."""
    folder, slash, last = image.partition("@")[0].rpartition("/")
    name = folder + slash + last.partition(":")[0]
    behind = f":{change.new_tag}" if change.new_tag else f"@{change.digest}" if change.digest else image[len(name) :]
    return (change.new_name or name) + behind


def _images(body: dict[str, Any]) -> Iterator[str]:
    """The images that kustomize looks at: those of containers, wherever they stand, and of volumes of Pods.

    Source: kustomize 5.8, ``api/filters/imagetag/legacy.go`` and ``builtinpluginconsts/images.go``.
    """
    yield from _of_containers(body)
    for spec in (mapping_at(body, "spec"), mapping_at(body, "spec", "template", "spec")):
        for volume in mappings(array(spec.get("volumes"))):
            yield text(mapping_at(volume, "image").get("reference"))


def _of_containers(value: Any) -> Iterator[str]:
    for field, child in value.items() if isinstance(value, dict) else ():
        if field in _CONTAINERS:
            yield from (text(each.get("image")) for each in mappings(array(child)))
        yield from _of_containers(child)
    for child in array(value):
        yield from _of_containers(child)


def _of_patch(value: Any) -> Iterator[str]:
    """The images that a patch may bring: an operation may have a container, or nothing but an image."""
    operations = value if isinstance(value, list) else []
    for each in (each for each in operations if isinstance(each, dict)):
        if str(each.get("path")).endswith(_OF_AN_IMAGE) and isinstance(each.get("value"), str):
            yield each["value"]
    yield from _named_so(value)


def _named_so(value: Any) -> Iterator[str]:
    """All that is called an image, wherever it stands."""
    if isinstance(value, dict):
        for field, child in value.items():
            if field in _FIELDS and isinstance(child, str):
                yield child
            else:
                yield from _named_so(child)
    elif isinstance(value, list):
        for child in value:
            yield from _named_so(child)
