"""Policies of other tools, read into TrustPolicies: what can be carried over is, and what cannot is named.

    carried             what a reader finds: policies as they are written, and what was lost
    formats             which reader a document is for
    flux                the ``verify`` block of a Flux OCIRepository
    cluster_image       a ClusterImagePolicy of Sigstore's policy-controller
    notation            a trustpolicy.json of the Notary Project, with its trust stores
    containers          a policy.json of containers/image (podman, skopeo, CRI-O)

Each policy that is written is at least as strict as what it is read from: what cannot be said exactly is left out of
what it admits, and named. What becomes no policy at all is named, too.
"""
