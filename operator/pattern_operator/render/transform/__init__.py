"""What ``spec.render`` asks of the objects of any format, by the real kustomize: patches, images, names, metadata.

``transform`` is the way in. ``patches`` reads the patches, ``kustomization`` is what is generated, ``carried`` keeps
texts as they are, ``changes`` joins what comes back with what was rendered. It is checked as the output of any program
is (``as_written``): a patch is no way around a check. Where the spec asks for nothing, no program is run.
"""

from dataclasses import replace
from typing import Final

from pattern_operator.api.fields import mapping
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.errors import Stalled
from pattern_operator.render.kustomize.failure import words_of
from pattern_operator.render.options import Options
from pattern_operator.render.program import Steps
from pattern_operator.render.transform.carried import Words, encoded
from pattern_operator.render.transform.changes import Changes, read_back
from pattern_operator.render.transform.images import unused_images
from pattern_operator.render.transform.kustomization import asks, build
from pattern_operator.render.transform.patches import OnePatch, invalid, read_patches

__all__ = ["transform"]

_WHERE: Final = "spec.render"


def transform(rendering: Rendering, *, options: Options) -> Steps[Rendering]:
    """The rendering with what the spec asks for; hooks of a chart are changed, too. Yields one run, or none.

    Rows of the report follow their objects; an object that a patch deletes is skipped in its row.

    Raises:
        Stalled: PATCH_INVALID: a patch cannot be read, fits no object, or kustomize refuses it; ARTIFACT_TOO_LARGE and
            TOO_MANY_OBJECTS of what comes back.
    """
    if not asks(options):
        return rendering
    patches = read_patches(options)
    sent = _sent(rendering)
    if not sent:
        return rendering
    bodies = [each.body for each in sent]
    words = Words(encoded([bodies, [each.value for each in patches]]))
    output = yield build(bodies, patches, words, options)
    if output.exit_code:
        said = words_of(output.stderr, hidden=_values(bodies, patches))
        raise Stalled(reason=Reason.PATCH_INVALID, message=f"{_WHERE}: kustomize says: {said}. Correct it.")
    changes = read_back(output.stdout, sent, words)
    _refuse_unmatched(patches, changes)
    made = changes.applied_to(rendering, options=options)
    told = unused_images([*bodies, *(each.body for each in changes.after.values())], options)
    return replace(made, components=(*made.components, *told))


def _sent(rendering: Rendering) -> tuple[Object, ...]:
    """Objects and hooks, each identity once. What kustomize would take apart, a kind of list, stays as it is."""
    found: dict[object, Object] = {}
    for each in (*rendering.objects, *(hook.object for hook in rendering.hooks)):
        if not (each.key.kind.endswith("List") and "items" in each.body):
            found.setdefault(each.key, each)
    return tuple(found.values())


def _refuse_unmatched(patches: list[OnePatch], changes: Changes) -> None:
    """Raise Stalled for a patch that is for no object: what it was to change would be applied without it."""
    for place, patch in enumerate(patches):
        if place not in changes.matched and not (patch.deletes and changes.deleted):
            raise invalid(patch.where, f"it is for {patch.of}, and no object of the pattern is that")


def _values(bodies: list[dict[str, object]], patches: list[OnePatch]) -> list[str]:
    """What no message may hold: values of Secrets, and those that patches write."""
    found = list[str]()
    for body in bodies:
        if body.get("kind") == "Secret":
            for name in ("data", "stringData"):
                found += _texts(mapping(body.get(name)))
    for patch in patches:
        value = patch.value
        found += _texts([_of_operation(each) for each in value] if isinstance(value, list) else _written(value))
    return found


def _of_operation(operation: object) -> list[object]:
    known = ("add", "copy", "move", "remove", "replace", "test")  # RFC 6902, section 4
    return [value for name, value in mapping(operation).items() if name != "path" and value not in known]


def _written(patch: dict[str, object]) -> list[object]:
    return [child for name, child in patch.items() if name not in ("apiVersion", "kind", "metadata")]


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for child in value.values() for text in _texts(child)]
    if isinstance(value, list):
        return [text for child in value for text in _texts(child)]
    return [value] if isinstance(value, str) else []
