"""Content by repository and digest: small content in memory, all of it on a disk.

``Cache`` is what the operator uses: ``MemoryCache`` before ``DiskCache``, and ``WriteBehind`` between them. What one
repository gave is not given to who asks another one (see ``registry.pull_records``).
"""
