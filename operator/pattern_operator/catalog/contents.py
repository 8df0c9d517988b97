"""What a pattern is made of, before anything of it is deployed: its components, and the images that it runs."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.fields import text
from pattern_operator.api.object import Object
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.quote import image as quoted_image
from pattern_operator.render.podspec import PLACES, at, containers

_MAX_IMAGE: Final = 512  # bytes; a reference has at most 255 letters of a name, a tag and a digest
MAX_IMAGES: Final = 1_000  # different ones of a pattern that are told
MAX_USERS: Final = 20  # objects of one image that are named


@dataclass(frozen=True, slots=True)
class ContainerImage:
    """An image that containers of the pattern run; ``used_by`` names the first objects, ``more`` counts the others."""

    image: str
    used_by: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Contents:
    """What rendering made of a pattern. ``format`` is one of ``spec.render.format``."""

    format: str
    components: tuple[ComponentReport, ...]
    images: tuple[ContainerImage, ...]
    objects: int
    hooks: int

    def count(self, outcome: Outcome) -> int:
        """How many components had this outcome."""
        return sum(each.outcome is outcome for each in self.components)


def contents_of(rendering: Rendering) -> Contents:
    """The contents of a rendering."""
    every = (*rendering.objects, *(each.object for each in rendering.hooks))
    return Contents(
        format=rendering.format,
        components=rendering.components,
        images=images_of(every),
        objects=len(rendering.objects),
        hooks=len(rendering.hooks),
    )


def images_of(objects: Iterable[Object]) -> tuple[ContainerImage, ...]:
    """The images that ``objects`` run, by name; of kinds that have a specification of Pods."""
    users: dict[str, list[str]] = {}
    more: Counter[str] = Counter()
    for made in objects:
        for name in dict.fromkeys(_images(made)):
            if name not in users and len(users) >= MAX_IMAGES:
                continue
            named = users.setdefault(name, [])
            if len(named) < MAX_USERS:
                named.append(made.key.display_name)
            else:
                more[name] += 1
    return tuple(ContainerImage(name, tuple(users[name]), more[name]) for name in sorted(users))


def _images(made: Object) -> Iterator[str]:
    place = PLACES.get((made.key.group, made.key.kind))
    if place is None:
        return
    for _, container in containers(at(made.body, place), ""):
        if name := quoted_image(text(container.get("image")), _MAX_IMAGE):
            yield name
