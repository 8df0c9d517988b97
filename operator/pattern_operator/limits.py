"""The limits on everything that comes from outside, each beside the reason for its number.

A limit that is reached is an error with a message, never a silent cut.
"""

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

# --- registry -------------------------------------------------------------------------------------------------------
MAX_MANIFEST: Final = 4 * MIB  # distribution-spec, "Pushing Manifests": registries should take at least this much
MAX_LAYERS_TOTAL: Final = 64 * MIB  # the largest real design is 4.2 MB; a bundle of many charts stays far below
MAX_LAYERS: Final = 64  # an artifact of ours has one layer; images have dozens
MAX_SIGNATURE_BLOB: Final = 1 * MIB  # a bundle with certificate, log proof and timestamp is some 10 KiB
MAX_SIGNATURES: Final = 64  # signatures tried per artifact; more than this is an attack or an accident
MAX_REFERRERS: Final = 256  # entries of the referrers index that are looked at
MAX_REFERRER_PAGES: Final = 16  # `Link: rel="next"` followed at most this often
MAX_TAGS: Final = 10_000  # tags listed to answer a semver range
MAX_TAG_PAGES: Final = 100
MAX_REDIRECTS: Final = 5  # a blob store behind a load balancer needs two
MAX_TOKEN_RESPONSE: Final = 256 * KIB  # bearer tokens of cloud registries reach 10 KiB
MAX_ERROR_BODY: Final = 64 * KIB  # the part of an error response that is read for its message

# --- signatures -----------------------------------------------------------------------------------------------------
MAX_SUBJECTS: Final = 1_024  # of an in-toto statement; sigstore-go 1.2 (verify/signature.go) draws the same line
MAX_PUBLIC_KEY: Final = 16 * KIB  # PEM of a public key; RSA 8192 has 1.4 KiB
MIN_RSA_BITS: Final = 2_048  # NIST SP 800-131A rev. 2, table 2
MAX_RSA_BITS: Final = 8_192  # cosign makes at most 4096; larger ones only cost time

# --- unpacking ------------------------------------------------------------------------------------------------------
MAX_UNPACKED: Final = 256 * MIB  # four times the layers: text compresses 5 to 10 times, a bomb 1,000 times
MAX_UNPACKED_FILES: Final = 10_000
MAX_UNPACK_RATIO: Final = 100  # JSON with embedded schemas reaches 30

# --- documents ------------------------------------------------------------------------------------------------------
MAX_DOCUMENTS: Final = 32 * MIB  # files parsed for one pattern, together; parsed JSON takes ten times its size
MAX_JSON_DEPTH: Final = 64  # Kubernetes objects stay below 30, CRD schemas included
MAX_YAML_DEPTH: Final = 64
MAX_YAML_ALIASES: Final = 1_000  # each alias is counted when it is used: what expands is what is limited
MAX_YAML_NODES: Final = 2_000_000  # the 4.2 MB design has some 200,000
MAX_OBJECTS: Final = 5_000  # objects in one pattern; its inventory then stays below etcd's 1.5 MiB for a resource
MAX_COMPONENTS: Final = 20_000  # components of a design, annotations included

# --- a run ----------------------------------------------------------------------------------------------------------
MAX_RUN: Final = 300.0  # seconds; 5,000 objects take one. What was applied by then is not sent again by the next run
MAX_RUN_OF_REGISTRY: Final = 40.0  # seconds of it that a registry is waited for; 64 MiB at 13 Mbit/s take as long
MAX_RECALL_OF_REGISTRY: Final = 10.0  # more, when what runs has to be proven again after a failure: under 60 in all

# --- cluster --------------------------------------------------------------------------------------------------------
MAX_STATUS_MESSAGE: Final = 2 * KIB  # of a condition; metav1.Condition allows 32 KiB, people read less
MAX_STATUS_ENTRIES: Final = 50  # items named in a list of status (refused components, repairs); the rest is counted
