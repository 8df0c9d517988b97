"""Credentials of registries: docker configs of the user (with credential helpers), and pull Secrets of the cluster."""
