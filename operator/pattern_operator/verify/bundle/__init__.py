"""Sigstore bundles: a signature with all that proves it, as one JSON document.

document         reads a bundle, and trusts nothing in it
verify           who signed, what proves it, and whether it is about the artifact
second_opinion   sigstore-python has to agree, where a certificate signed
judged           what sigstore-python can judge: it is not asked the rest
"""
