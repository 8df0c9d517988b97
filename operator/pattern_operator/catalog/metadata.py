"""Puts together what the files and the annotations of an artifact say of it.

Where several say it: ``artifacthub-pkg.yml`` counts, which is written to be published; then ``pattern.yaml``,
``Chart.yaml``, and the annotations of the manifest, which are often made from them.
"""

from collections.abc import Mapping, Sequence

from pattern_operator.api.artifact import File
from pattern_operator.catalog import artifacthub, chart_file
from pattern_operator.catalog.annotations import of_annotations
from pattern_operator.catalog.document_file import find
from pattern_operator.catalog.pattern_metadata import PatternMetadata
from pattern_operator.catalog.untrusted_text import line, paragraphs
from pattern_operator.errors import PatternError
from pattern_operator.quote import one_line
from pattern_operator.render import Options
from pattern_operator.render.pattern_file import declared


def metadata_of(files: Sequence[File], annotations: Mapping[str, str]) -> PatternMetadata:
    """What ``files`` and the annotations of the manifest say. Total; takes up to 0.1 s, so call it off the loop."""
    package, chart = find(files, artifacthub.NAMES), find(files, chart_file.NAMES)
    found = PatternMetadata() if package is None else artifacthub.read_package(package)
    found = found.or_else(_of_pattern_file(files))
    if chart is not None:
        found = found.or_else(chart_file.read_chart(chart))
    return found.or_else(of_annotations(annotations))


def _of_pattern_file(files: Sequence[File]) -> PatternMetadata:
    try:
        said = declared(files, options=Options())
    except PatternError as error:
        return PatternMetadata(unread=(one_line(error.message),))
    if said is None:
        return PatternMetadata()
    return PatternMetadata(
        name=line(said.name),
        version=line(said.version),
        description=paragraphs(said.description),
        deprecated=line(said.deprecated),
    )
