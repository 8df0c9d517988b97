"""What ``spec.render`` asks of the objects of any format, by the real kustomize: patches, images, names, metadata.

``transform`` is the way in. ``patches`` reads the patches, ``kustomization`` is what is generated, ``carried`` keeps
texts as they are, ``changes`` joins what comes back with what was rendered, ``generated`` says which fields are made
anew all the same. It is checked as the output of any program is (``as_written``): a patch is no way around a check.
Where the spec asks for nothing, no program is run.
"""

import json
import re
from collections.abc import Sequence
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
from pattern_operator.render.transform.changes import Changes, marks_of, read_back
from pattern_operator.render.transform.generated import varied, with_those_left
from pattern_operator.render.transform.images import refuse_odd_images, unused_images
from pattern_operator.render.transform.kustomization import asks, build, build_marked
from pattern_operator.render.transform.patches import OPERATIONS, OnePatch, invalid, read_patches
from pattern_operator.render.transform.runs import runs, sent_of

__all__ = ["transform"]

_WHERE: Final = "spec.render"
_INDEX: Final = re.compile(r"\[\d+\]$")


def transform(rendering: Rendering, *, options: Options) -> Steps[Rendering]:
    """The rendering with what the spec asks for; hooks of a chart are changed, too. Yields one run, or none;
    one more for each object beyond the first of the same kind and name, as many where patches delete and change, and as
    many where the rendering has generated fields.

    Rows of the report follow their objects; an object that a patch deletes is skipped in its row.

    Raises:
        Stalled: PATCH_INVALID: a patch cannot be read, fits no object, or kustomize refuses it; ARTIFACT_TOO_LARGE and
            TOO_MANY_OBJECTS of what comes back.
    """
    if not asks(options):
        return rendering
    patches = read_patches(options)
    sent = sent_of(rendering)
    if not sent:
        return rendering
    bodies = [each.body for each in sent]
    words = Words(_content(sent, patches, options))
    changes = Changes(sent, {}, {})
    for places in runs(sent):
        output = yield build({place: sent[place].body for place in places}, patches, words, options)
        if output.exit_code:
            refuse_odd_images([sent[place] for place in places], output.stderr, options)
            said = words_of(output.stderr, hidden=_values(bodies, patches, options))
            message = f"{_asked(patches, options)}: kustomize says: {said}. Correct it."
            raise Stalled(reason=Reason.PATCH_INVALID, message=message)
        changes = changes.with_those_of(read_back(output.stdout, sent, words))
    if unmatched := _unmatched(patches, changes):
        fitting = (yield from _fitting(sent, patches, words)) if changes.deleted else frozenset[int]()
        _refuse(patches, unmatched - fitting)
    made = changes.applied_to(rendering, options=options)
    if rendering.generated:
        other = yield from _of_others(varied(sent, rendering.generated), patches, options)
        made = with_those_left(made, rendering.generated, changes, other)
    after = (each.body for each in changes.after.values())
    told = unused_images([*bodies, *after], [each.value for each in patches], options)
    return replace(made, components=(*made.components, *told))


def _of_others(sent: tuple[Object, ...], patches: list[OnePatch], options: Options) -> Steps[Changes | None]:
    """What the same asks of objects with other values; None where kustomize, or we, cannot say it of these."""
    words = Words(_content(sent, patches, options))
    changes = Changes(sent, {}, {})
    for places in runs(sent):
        output = yield build({place: sent[place].body for place in places}, patches, words, options)
        if output.exit_code:
            return None
        try:
            changes = changes.with_those_of(read_back(output.stdout, sent, words))
        except Stalled:
            return None
    return changes


def _content(sent: Sequence[Object], patches: list[OnePatch], options: Options) -> str:
    return encoded([[each.body for each in sent], [[each.value, each.target] for each in patches], repr(options)])


def _asked(patches: list[OnePatch], options: Options) -> str:
    """The fields that were asked for: kustomize does not say which of them it was."""
    common = options.common_metadata
    places = list(dict.fromkeys(each.where for each in patches))
    fields = {
        "images": options.images,
        "namePrefix": options.name_prefix,
        "nameSuffix": options.name_suffix,
        "commonMetadata": common.labels or common.annotations,
    }
    asked = places if len(places) == 1 else list(dict.fromkeys(_INDEX.sub("", each) for each in places))
    return ", ".join([*asked, *(f"{_WHERE}.{name}" for name, value in fields.items() if value)])


def _unmatched(patches: list[OnePatch], changes: Changes) -> frozenset[int]:
    """The places of patches that left no mark; not that of the only one that deletes, where something is deleted."""
    deleting = [place for place, patch in enumerate(patches) if patch.deletes]
    told = deleting if changes.deleted and len(deleting) == 1 else []
    return frozenset(range(len(patches))).difference(changes.matched, told)


def _fitting(sent: Sequence[Object], patches: list[OnePatch], words: Words) -> Steps[frozenset[int]]:
    """The places of the patches that are for an object which none before them deletes; all where nobody can say."""
    deleting = {place for place, patch in enumerate(patches) if patch.deletes}
    found = set[int]()
    for places in runs(sent):
        output = yield build_marked({place: sent[place].body for place in places}, patches, words)
        if output.exit_code:  # of an object that is not there any more when this patch comes, as it may be
            return frozenset(range(len(patches)))
        for marks in marks_of(output.stdout, words):
            gone = min(marks & deleting, default=len(patches))
            found.update(place for place in marks if place <= gone)
    return frozenset(found)


def _refuse(patches: list[OnePatch], unmatched: frozenset[int]) -> None:
    """Raise Stalled for a patch that is for no object: what it was to change would be applied without it."""
    for place in sorted(unmatched):
        patch = patches[place]
        raise invalid(patch.where, f"it is for {patch.of}, and no object of the pattern is that")


def _values(bodies: list[dict[str, object]], patches: list[OnePatch], options: Options) -> list[str]:
    """What no message may hold: what objects and patches hold, wherever a parameter or Secret has brought it."""
    held = [text for each in (*bodies, *(patch.value for patch in patches)) for text in _texts(each)]
    named = {
        text
        for each in (*bodies, *(patch.value for patch in patches))
        for text in _names(each)
        if isinstance(text, str)
    }
    return [each for each in (*held, *_texts(_parameters(options))) if each not in named]


def _names(value: object) -> list[object]:
    """What says which object it is, or which field of it: a message may hold it."""
    if isinstance(value, list):  # operations of a JSON patch
        return [name for each in value for name in (mapping(each).get("path"), mapping(each).get("from"), *OPERATIONS)]
    metadata = mapping(mapping(value).get("metadata"))
    return [*map(mapping(value).get, ("apiVersion", "kind")), *map(metadata.get, ("name", "namespace"))]


def _parameters(options: Options) -> object:
    try:
        return json.loads(options.parameters) if options.parameters else None
    except ValueError:
        return None


def _texts(value: object) -> list[str]:
    """The texts and numbers in ``value``, as kustomize may say them; no keys."""
    if isinstance(value, dict):
        return [text for child in value.values() for text in _texts(child)]
    if isinstance(value, list):
        return [text for child in value for text in _texts(child)]
    if value is None or isinstance(value, bool):
        return []
    return [value if isinstance(value, str) else str(value)]
