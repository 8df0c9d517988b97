"""Who the operator is to an API server, and how it stays so while tokens rotate.

Three ways in, and each ends in one ``Endpoint``: a kubeconfig file (through the ``kubernetes`` library, loaded only
then: it knows exec plugins and client certificates), the files of a pod's service account, and the kubeconfig of a
remote cluster that came from a Secret. That last one is somebody else's text: nothing it names is run or read.
"""

import os
from concurrent.futures import Executor
from pathlib import Path

from pattern_operator.executors import run_in
from pattern_operator.kube.endpoint import Endpoint
from pattern_operator.kube.errors import CredentialsError
from pattern_operator.kube.in_cluster import in_cluster


async def load(*, disk: Executor, kubeconfig: Path | None = None, context: str | None = None) -> Endpoint:
    """Find the API server as kubectl does: the given file, ``$KUBECONFIG``, ``~/.kube/config``, a pod's own account.

    Files are read, and plugins run, in ``disk``.

    Raises:
        CredentialsError: nothing was found, or what was found cannot be used.
    """
    home = Path.home() / ".kube" / "config"
    named = str(kubeconfig) if kubeconfig else os.environ.get("KUBECONFIG", "")
    if not named and home.exists():
        named = str(home)
    if named:
        # Imported here because the library behind it costs 0.4 s and 40 MB.
        from pattern_operator.kube import kubeconfig as files

        return await run_in(disk, files.open_files, named, context=context, disk=disk)
    if "KUBERNETES_SERVICE_HOST" not in os.environ:
        raise CredentialsError(
            f"no API server is known: neither --kubeconfig, $KUBECONFIG nor {home} names one, and this is not a pod"
        )
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    return in_cluster(host=os.environ["KUBERNETES_SERVICE_HOST"], port=port)
