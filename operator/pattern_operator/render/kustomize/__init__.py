"""Kustomizations, by the real ``kustomize build``: what it prints is taken as it is written.

``render_kustomization`` is the way in. ``checks`` refuses what kustomize would fetch or execute, ``failure`` says what
kustomize said.
"""

from collections.abc import Sequence

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Rendering
from pattern_operator.render import as_written
from pattern_operator.render.hooks import leave_out_hooks
from pattern_operator.render.kustomize.build_metadata import build_metadata
from pattern_operator.render.kustomize.checks import check
from pattern_operator.render.kustomize.failure import failed, secret_values
from pattern_operator.render.kustomize.tree import Tree
from pattern_operator.render.options import Options
from pattern_operator.render.program import KustomizeBuild, Steps
from pattern_operator.render.regenerated import with_build_metadata

__all__ = ["render_kustomization"]


def render_kustomization(files: Sequence[File], path: str, *, options: Options) -> Steps[Rendering]:
    """Render the kustomization in the folder ``path`` among ``files``, "." for the root. Yields one run.

    Raises:
        Stalled: KUSTOMIZATION_INVALID, KUSTOMIZE_FAILED; DOCUMENT_INVALID, ARTIFACT_TOO_LARGE, TOO_MANY_OBJECTS.
    """
    tree = Tree(files)
    top = check(tree, path)
    output = yield KustomizeBuild(files=tuple(files), path=path)
    if output.exit_code:  # warnings are on stderr, too, and are no failure
        folders = [each for each in tree.folders() if tree.kustomizations(each)]
        raise failed(output.stderr, where=top.path, names=tree.names(), hidden=secret_values(tree, folders))
    components = as_written.components(as_written.documents([File(top.path, output.stdout)]))
    leave_out_hooks([component for component in components if not component.excluded])
    rendering = as_written.rendering(components, options=options, form="Kustomize")
    return with_build_metadata(rendering, build_metadata(top, rendering))
