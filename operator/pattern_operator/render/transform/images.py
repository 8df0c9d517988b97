"""Tells images of ``spec.render.images`` that no object uses: kustomize says nothing, and the name may be mistyped."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from pattern_operator.api.report import ComponentReport
from pattern_operator.quote import image as shown
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.options import Options

_FIELDS: Final = ("image", "reference")  # of a container; of a volume that is an image
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
