"""Classic cosign: a layer whose blob says which digest is meant, signed in an annotation of the layer.

layer     reads a layer, and trusts nothing in it
payload   what is signed: the digest, the repository, annotations
verify    who signed, what proves it, and whether it is about the artifact
"""
