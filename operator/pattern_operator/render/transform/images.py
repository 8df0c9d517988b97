"""Tells of ``spec.render.images`` what kustomize does not: images that no object uses, objects that stop it."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from pattern_operator.api.object import Object
from pattern_operator.api.report import ComponentReport
from pattern_operator.quote import image as shown
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.options import Options
from pattern_operator.render.transform.patches import invalid

_FIELDS: Final = ("image", "reference")  # of a container; of a volume that is an image
_CONTAINERS: Final = ("containers", "initContainers")
_WRONG_NODE: Final = "wrong node kind"
_LONGEST: Final = 256


def unused_images(bodies: Sequence[dict[str, Any]], options: Options) -> tuple[ComponentReport, ...]:
    """A row for each image that occurs in none of ``bodies``."""
    if not options.images:
        return ()
    used = {name for body in bodies for name in _names(body)}
    reason = ComponentReason.MATCHES_NOTHING
    return tuple(
        ComponentReport(
            f"spec.render.images[{place}]",
            "",
            "",
            reason.outcome,
            str(reason),
            f"no object of the pattern has the image {shown(each.name, _LONGEST)}",
        )
        for place, each in enumerate(options.images)
        if each.name not in used
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


def _names(value: Any) -> Iterator[str]:
    """The names of images, without tag and digest (kustomize 5.8, ``api/internal/image/image.go``, ``Split``)."""
    if isinstance(value, dict):
        for field, child in value.items():
            if field in _FIELDS and isinstance(child, str):
                name = child.partition("@")[0]
                folder, slash, last = name.rpartition("/")
                yield folder + slash + last.partition(":")[0]
            else:
                yield from _names(child)
    elif isinstance(value, list):
        for child in value:
            yield from _names(child)
