"""What tells an OCI image layout from another folder (image-spec 1.1, "Image Layout"); light to load."""

from pathlib import Path
from typing import Final

MARKER: Final = "oci-layout"
INDEX: Final = "index.json"


def is_layout(path: Path) -> bool:
    """Whether ``path`` is a folder with the marker file of a layout; links are not followed."""
    marker = path / MARKER
    return marker.is_file() and not marker.is_symlink()
