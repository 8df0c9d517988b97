"""Reads what a chart's ``Chart.yaml`` says to people, and its annotations of Artifact Hub.

Format: Helm, docs "Charts", "The Chart.yaml File"; Artifact Hub, docs/helm_annotations.md. Total, unlike
``render.helm.metadata``, which reads what rendering needs and refuses a chart without it.
"""

from typing import Any, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import array, text, texts
from pattern_operator.catalog import artifacthub
from pattern_operator.catalog.document_file import Unread, read_mapping
from pattern_operator.catalog.pattern_metadata import PatternMetadata
from pattern_operator.catalog.untrusted_text import line, link, paragraphs
from pattern_operator.errors import PatternError
from pattern_operator.limits import KIB
from pattern_operator.render.document import read

NAMES: Final = frozenset({"chart.yaml"})
_MAX_ANNOTATION: Final = 64 * KIB  # bytes of YAML in one; a long list of changes has 10 KiB
_MAX_DESCRIPTION: Final = 4 * KIB
_MAX_WORD: Final = 128


def read_chart(file: File) -> PatternMetadata:
    """What the file says; of one that cannot be read, why."""
    try:
        return _of(read_mapping(file))
    except Unread as error:
        return PatternMetadata(unread=(str(error),))


def _of(top: dict[str, Any]) -> PatternMetadata:
    annotations = texts(top.get("annotations"))
    sources = [found for each in array(top.get("sources"))[: artifacthub.MAX_ENTRIES] if (found := link(each))]
    maintainers = artifacthub.maintainers_of(top.get("maintainers"))
    return PatternMetadata(
        name=line(top.get("name")),
        description=paragraphs(top.get("description"), _MAX_DESCRIPTION),
        version=line(top.get("version"), _MAX_WORD),
        app_version=line(top.get("appVersion"), _MAX_WORD),
        licenses=line(annotations.get("artifacthub.io/license"), _MAX_WORD),
        source=sources[0] if sources else "",
        home=link(top.get("home")),
        logo=link(top.get("icon")),
        category=line(annotations.get("artifacthub.io/category"), _MAX_WORD),
        deprecated="true" if top.get("deprecated") is True else "",
        pre_release=text(annotations.get("artifacthub.io/prerelease")).strip().lower() == "true",
        keywords=artifacthub.words_of(top.get("keywords")),
        links=artifacthub.links_of(_list_in(annotations, "artifacthub.io/links")),
        maintainers=maintainers,
        images=tuple(artifacthub.images_of(_list_in(annotations, "artifacthub.io/images"))),
        changes=tuple(artifacthub.changes_of(_list_in(annotations, "artifacthub.io/changes"))),
    )


def _list_in(annotations: dict[str, str], name: str) -> Any:
    """The list that an annotation holds as YAML; nothing where it holds none."""
    content = annotations.get(name, "").encode(errors="replace")
    if not content or len(content) > _MAX_ANNOTATION:
        return None
    try:
        return next((document.value for document in read(File(name, content))), None)
    except PatternError:
        return None
