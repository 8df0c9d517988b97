"""The bytes of layers to files: which layer is what, and what an archive holds. Pure, and light to load.

``extract_files`` is the way in. It reads from open files and keeps only what somebody will read, so that it takes the
memory of the documents of a pattern and not of all that lies beside them. It runs in a worker process (``sandbox``), on
bytes that nobody is to be trusted with.
"""

from pattern_operator.archive.layers import TITLE, Layer, LayerSelector, extract_files, unpacks_to_at_most

__all__ = ["TITLE", "Layer", "LayerSelector", "extract_files", "unpacks_to_at_most"]
