"""What an artifact and its repository say of themselves, for people who choose: the console and the command line.

Nothing here is believed: whoever may push wrote it. Readers are total and bounded: whatever bytes come, they return a
value, and say beside it what they could not read. What asks a registry takes the client of ``source``.

    metadata      title, version, licences, links and the like, of all files and annotations that say them
    artifacthub, chart_file, annotations    the readers of each
    documentation, changelog    README and CHANGELOG as text, and the changes of each version
    contents      components and images of a rendering
    parameters    what the pattern may be given
    signers       whom signatures name, and which of that is proven
    versions      the tags of a repository, the highest version first
"""

from pattern_operator.catalog.annotations import to_annotations
from pattern_operator.catalog.changelog import Release, changelog
from pattern_operator.catalog.contents import ContainerImage, Contents, contents_of
from pattern_operator.catalog.documentation import CHANGELOGS, READMES, text_of
from pattern_operator.catalog.metadata import metadata_of
from pattern_operator.catalog.parameters import Parameter, parameters_in
from pattern_operator.catalog.pattern_metadata import Change, DeclaredImage, Link, Maintainer, PatternMetadata
from pattern_operator.catalog.signers import Signer, signers_of
from pattern_operator.catalog.versions import TaggedVersion, list_versions, versions_of

__all__ = [
    "CHANGELOGS",
    "READMES",
    "Change",
    "ContainerImage",
    "Contents",
    "DeclaredImage",
    "Link",
    "Maintainer",
    "Parameter",
    "PatternMetadata",
    "Release",
    "Signer",
    "TaggedVersion",
    "changelog",
    "contents_of",
    "list_versions",
    "metadata_of",
    "parameters_in",
    "signers_of",
    "text_of",
    "to_annotations",
    "versions_of",
]
