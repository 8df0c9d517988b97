"""Objects against the schemas of a Kubernetes version: shipped, or from a cluster."""
