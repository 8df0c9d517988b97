"""How a command or a request to a cluster of the testbed fails."""


class KubectlFailed(RuntimeError):
    """kubectl, or what does its work in a test, was refused; the message is what it said."""
