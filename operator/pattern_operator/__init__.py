"""Pattern Operator: runs signed patterns of Kubernetes resources from OCI registries."""

__version__ = "0.1.0"
