"""The messages of API servers on webhooks that do not answer: which one, where it is, and what is the matter."""

import re

from pattern_operator.kube.request_content import RequestContent


def conversion(text: str, request: RequestContent) -> str:
    """apiextensions-apiserver, conversion/webhook_converter.go: the CRD's own webhook, which may come back."""
    del request
    match = re.search(r"conversion webhook for ([\w./-]{1,300}), Kind=(\w{1,100}) failed", text)
    if match is None:
        return ""
    return f"conversion webhook for {match.group(1)}, Kind={match.group(2)} failed: {_webhook_fault(text)}"


def webhook_failed(text: str, request: RequestContent) -> str:
    """apiserver, plugin/webhook/errors: a webhook of admission that was not reached, or did not answer."""
    del request
    match = re.match(r'.{0,100}?failed calling webhook "([\w.-]{1,253})"', text)
    if match is None:
        return ""
    service = re.search(r"https://([\w.-]{1,253}?)(?::\d{1,5})?/", text)
    where = f" at {service.group(1)}" if service else ""
    return f'failed calling webhook "{match.group(1)}"{where}: {_webhook_fault(text)}'


def _webhook_fault(text: str) -> str:
    faults = (
        "connection refused",
        "no such host",
        "no endpoints available",
        "context deadline exceeded",
        "i/o timeout",
        "certificate has expired",
        "certificate signed by unknown authority",
        "EOF",
    )
    why = next((each for each in faults if each in text), "it did not answer as a webhook does")
    missing = re.search(r'service "([\w.-]{1,63})" not found', text)
    return f'service "{missing.group(1)}" not found' if missing else why
