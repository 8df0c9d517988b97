"""The limits on everything that comes from outside, each beside the reason for its number.

A limit that is reached is an error with a message, never a silent cut.
"""

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

# --- registry -------------------------------------------------------------------------------------------------------
MAX_MANIFEST: Final = 4 * MIB  # distribution-spec, "Pushing Manifests": registries should take at least this much
MAX_LAYERS_TOTAL: Final = 64 * MIB  # the largest real design is 4.2 MB; a bundle of many charts stays far below
MAX_HOLDERS: Final = 8  # patterns that contain a pattern with patterns, one in another; a fleet of clusters has three
MAX_PATTERNS_BELOW: Final = 5_000  # below one that nothing contains: as many as one artifact has objects
MAX_SAME_SOURCE: Final = 2  # patterns of one part of a repository, one in another: a fleet and its clusters
MAX_LAYERS: Final = 64  # an artifact of ours has one layer; images have dozens
MAX_SIGNATURE_BLOB: Final = 1 * MIB  # a bundle with certificate, log proof and timestamp is some 10 KiB
MAX_SIGNATURES: Final = 64  # signatures tried per artifact; more than this is an attack or an accident
MAX_ATTESTATIONS: Final = 4  # of those that no policy asks for: for the message, which shows no more
MAX_ASKED_ATTESTATIONS: Final = 32  # of those that a policy asks for; scans that are made again each day add up
MAX_SIGNATURES_SIZE: Final = 4 * MIB  # of all signatures of an artifact: 64 bundles have 1 MiB
MAX_SIGNATURE_MANIFEST: Final = 1 * MIB  # of cosign's tag: 64 signatures with certificate and log proof have 768 KiB
MAX_REFERRER_MANIFEST: Final = 256 * KIB  # of one referrer: a bundle's has 1 KiB
MAX_LISTING: Final = 2 * MIB  # a page of tags or referrers: 10,000 tags of the greatest length have 1.3 MiB
MAX_REFERRERS: Final = 512  # referrers that may be signatures by their type, which are looked at
MAX_UNLIKELY_REFERRERS: Final = 32  # of those that say that they are something else: lists kept by clients may err
MAX_REFERRER_PAGES: Final = 16  # `Link: rel="next"` followed at most this often
MAX_TAGS: Final = 10_000  # tags listed to answer a semver range
MAX_TAG_PAGES: Final = 100
TAGS_A_SECOND: Final = (
    1_000  # listed for one pattern in the long run, whatever its interval: 10,000 take 0.1 s to judge
)
MAX_FILTER: Final = 512  # characters of a semverFilter; people write some 30
MAX_FILTER_MEMORY: Final = 256 * KIB  # of a compiled semverFilter: 128 letters of a tag then take under 2 ms
FILTER_SECONDS: Final = 0.5  # for all tags together; 10,000 take some 10 ms
MAX_REDIRECTS: Final = 5  # a blob store behind a load balancer needs two
MAX_TOKEN_RESPONSE: Final = 64 * KIB  # a token, once or twice, and what else the service says
MAX_TOKEN: Final = 16 * KIB  # bearer tokens of cloud registries reach 10 KiB, and servers take headers of 8 to 16 KiB
CACHE_MEMORY: Final = 16 * MIB  # of content that is kept in memory as well: 4,000 patterns of a few KiB
MAX_SMALL_CONTENT: Final = 64 * KIB  # of one manifest or layer in it; what is larger is only on the disk
MAX_TOKENS: Final = 8 * MIB  # all that are remembered: one of 2 KiB for each repository of a large cluster
MAX_ERROR_BODY: Final = 16 * KIB  # the part of an error response that is read for its error codes
MAX_REGISTRY_VALUES: Final = 20_000  # of a document of a registry, or of a signature: 10,000 tags, 256 whole referrers
MAX_CONFIG_VALUES: Final = 40_000  # of a docker config; a Secret of 1 MiB holds some 33,000 entries
MAX_CREDENTIAL_GLOBS: Final = 256  # entries of a docker config whose host is a glob; real ones have a handful
MAX_HELPER_OUTPUT: Final = 64 * KIB  # of a credential helper: a name and a token

# --- time and connections of registries: who is slow takes from their own patterns only -------------------------------
NAME_LOOKUP_SECONDS: Final = 8.0  # three tries of a name server
CONNECT_SECONDS: Final = 10.0  # TCP and TLS; a packet that is lost is sent again after 1 and 3 s
HEADERS_SECONDS: Final = 20.0  # from a request to the headers of its answer, name and connection included
ERROR_BODY_SECONDS: Final = 3.0  # what of an error's body has not come by then is not waited for
RATE_WINDOW_SECONDS: Final = 10.0  # in each such time a body has to bring RATE_WINDOW_SECONDS * MIN_RATE
MIN_RATE: Final = 16 * KIB  # bytes a second: a modem's; who sends less holds a connection and a worker for nothing
MEAN_RATE: Final = 64 * KIB  # bytes a second over a whole body, for its deadline: 64 MiB would take 17 minutes, so:
LONGEST_BODY_SECONDS: Final = 300.0  # 64 MiB at 220 KiB/s
LOOKUP_SECONDS: Final = 30.0  # all requests to find a digest, or all to find its signatures, together
MAX_CONNECTIONS_PER_HOST: Final = (
    16  # requests at once to one host; a pattern sends 8 at most, a namespace has 12 at most
)

# --- signatures -----------------------------------------------------------------------------------------------------
MAX_SUBJECTS: Final = 1_024  # of an in-toto statement; sigstore-go 1.2 (verify/signature.go) draws the same line
MAX_CERTIFICATE: Final = 64 * KIB  # DER of one; those of web servers with a hundred names have some 10 KiB
MAX_CERTIFICATES: Final = 32  # of a signature, a timestamp or a file of roots; a path has three or four
MAX_CHAIN: Final = 8  # certificates from a leaf to its root, both included; the longest seen have five
MAX_ISSUER_CHECKS: Final = 32  # signatures of certificates checked to find a path: those of a cross-signed root are 8
MAX_NAMES_COMPARED: Final = 10_000  # names of a certificate times constraints on them: some 20 ms
MAX_DISTINGUISHED_NAME: Final = 2 * KIB  # letters of a subject in a policy; real ones have a hundred
MAX_TIMESTAMP: Final = 64 * KIB  # an RFC 3161 token; with four certificates one has 7 KiB
MAX_TRUST_STORES: Final = 16  # of a notation authority; there are three types
MAX_TRUSTED_IDENTITIES: Final = 64  # of a notation authority
MAX_REVOCATION_URLS: Final = 2  # asked for one certificate, of each kind; real ones have one
MAX_OCSP_RESPONSE: Final = 64 * KIB  # with the certificate of its responder it has 2 KiB
MAX_REVOCATION_CHECKS: Final = 32  # certificates asked about for one verification; a signature has two to five
MAX_REVOCATION_MEMORY: Final = 16 * MIB  # of answers that are remembered: four of the largest lists
OCSP_SECONDS: Final = 2.0  # as notation: a list is asked for then
CRL_SECONDS: Final = 5.0  # as notation: 4 MiB at 7 Mbit/s
FAILED_REVOCATION_SECONDS: Final = 60.0  # until an issuer that could not be asked is asked again
LONGEST_REVOCATION_SECONDS: Final = 86_400.0  # that an answer is believed, however long its issuer lets it be
MAX_CRL: Final = 4 * MIB  # the lists of large issuers of code-signing certificates have 1 to 3 MiB
MAX_TRUSTED_ROOT: Final = 256 * KIB  # JSON of a Sigstore TrustedRoot; that of the public instance has 7 KiB
MAX_TRUST_INSTANCES: Final = 64  # logs, or authorities of one kind, in it; the public instance adds a log a year
MAX_LOG_ENTRIES: Final = 8  # of one signature; one is usual, and each of them must hold
MAX_PROOF: Final = 64  # hashes of an inclusion proof: as many as the bits of the size of a tree
MAX_CHECKPOINT: Final = 16 * KIB  # characters of a signed note; one with four witnesses has 0.7 KiB
MAX_NOTE_SIGNATURES: Final = 64  # lines of signature of a note: the log's and its witnesses'
MAX_TIMESTAMPS: Final = 32  # of one signature; sigstore-go 1.2 (verify/tsa.go) draws the same line
MAX_SCTS: Final = 16  # embedded in a certificate; Fulcio's have one
MAX_LOG_KEYS: Final = 16  # of the transparency logs of one authority: an instance has one, and its older ones
MAX_IDENTITY_PATTERN: Final = 512  # characters of the regular expression of an identity
MAX_PUBLIC_KEY: Final = 16 * KIB  # PEM of a public key; RSA 8192 has 1.4 KiB
MAX_TRUST_MATERIAL: Final = 256 * KIB  # of roots of one authority; 140 CAs have 200 KiB, Sigstore's TrustedRoot 10 KiB
MIN_RSA_BITS: Final = 2_048  # NIST SP 800-131A rev. 2, table 2
MAX_RSA_BITS: Final = 8_192  # cosign makes at most 4096; larger ones only cost time

MAX_KNOWN_CONDITIONS: Final = 512  # of which it is remembered whether they compile: 2 MiB of expressions
MAX_CONDITIONS_JUDGED: Final = 64  # of one verdict: each on another statement, or another condition
MAX_JUDGING: Final = 20.0  # seconds by the clock for all conditions of one verdict
MAX_CONDITION_MEMORY: Final = 192 * MIB  # of the process that evaluates one; a predicate of 1 MiB takes some 20 MiB
MAX_CONDITION_CPU: Final = 2  # seconds of the processor; an honest one takes 0.02 s
MAX_CONDITION_SECONDS: Final = 20.0  # by the clock; to start a process takes 0.15 s, and much more on a busy machine

# --- health checks ------------------------------------------------------------------------------------------------
MAX_KNOWN_EXPRESSIONS: Final = 512  # of which it is remembered whether they compile
MAX_CHECK_MEMORY: Final = 128 * MIB  # of the process that evaluates them; an object of 1 MiB takes some 20 MiB
MAX_CHECK_CPU: Final = 2  # seconds of the processor that each evaluation finds left; an honest one takes 0.001 s
MAX_CHECK_SECONDS: Final = 20.0  # by the clock; to start a process takes 0.15 s, and much more on a busy machine
MAX_CHECKS: Final = 32 * KIB  # of all checks of a pattern: status keeps them
MAX_CHECKED_OBJECT: Final = 4 * MIB  # JSON of an object; etcd keeps 1.5 MiB
MAX_WAITING_OBJECTS: Final = 4 * MIB  # JSON of the objects of a pattern that wait; what is beyond is read again
MAX_ALL_WAITING_OBJECTS: Final = 16 * MIB  # of all patterns

# --- unpacking ------------------------------------------------------------------------------------------------------
MAX_UNPACKED: Final = 256 * MIB  # four times the layers: text compresses 5 to 10 times, a bomb 1,000 times
MAX_UNPACKED_FILES: Final = 10_000
MAX_UNPACK_RATIO: Final = 100  # JSON with embedded schemas reaches 30

# --- documents ------------------------------------------------------------------------------------------------------
MAX_DOCUMENTS: Final = 32 * MIB  # files parsed for one pattern, together; parsed JSON takes ten times its size
MAX_NESTING: Final = 64  # levels of JSON and YAML; Kubernetes objects stay below 30, CRD schemas included
MAX_JSON_DIGITS: Final = 64  # of an integer; Kubernetes has no larger one than an int64, of 19 digits
MAX_YAML_ALIASES: Final = 1_000  # each alias is counted when it is used: what expands is what is limited
MAX_NODES: Final = 600_000  # values and keys of a document, JSON or YAML; the 4.2 MB design has some 350,000
MAX_STREAM: Final = 20_000  # documents of one file, the empty ones included; a bundle of charts has some hundred
MAX_KEY: Final = KIB  # characters of a key; one of a label has at most 317, the longest of a published design 68
MAX_OBJECTS: Final = 5_000  # objects in one pattern; its inventory then stays below etcd's 1.5 MiB for a resource
MAX_COMPONENTS: Final = 20_000  # components of a design, annotations included
MAX_REFERENCES: Final = 5_000  # uses of $(#ref.<path>) in one design, those in what they bring in included
MAX_REFERENCED: Final = MIB  # characters and values that they bring in: what multiplies is what is limited
MAX_REFERENCE_STEPS: Final = 200_000  # keys that are looked at to find them: 0.1 s
MAX_REFERENCE_CHAIN: Final = 16  # references to references

MAX_CHART: Final = 64 * MIB  # bytes of a chart with all that are packaged in it; large umbrella charts have 10 MiB
MAX_CHART_FILES: Final = 10_000  # files of it; kube-prometheus-stack has some 600
MAX_CHART_DEPTH: Final = 8  # charts in charts; published ones go three deep
MAX_NAME_OF_CHART: Final = 253  # characters of a name or version in Chart.yaml; a version is a tag, which has 128
MAX_CHART_WORDS: Final = 1_800  # bytes of what helm says of a chart; a condition has MAX_STATUS_MESSAGE in all
MAX_GENERATED: Final = 64  # fields of one object that come out differently each time; beyond, what holds them is named
MAX_GENERATED_KEYS: Final = 64 * KIB  # characters of their paths together; one has a hundred
MAX_DEPENDENCIES_SEEN: Final = 1_000  # that are followed to find a circle: under 5 ms
MAX_PARAMETERS: Final = 1 * MIB  # JSON of the parameters of a pattern; a Secret or ConfigMap has no more
MAX_PARAMETER_VALUES: Final = 50_000  # values and keys of them: 0.2 s as YAML; the largest public charts have 10,000

# --- a run ----------------------------------------------------------------------------------------------------------
MAX_RUN: Final = 300.0  # seconds; 5,000 objects take one. What was applied by then is not sent again by the next run
MAX_RUN_OF_REGISTRY: Final = 40.0  # seconds of it that a registry is waited for; 64 MiB at 13 Mbit/s take as long
MAX_RECALL_OF_REGISTRY: Final = 10.0  # more, when what runs has to be proven again after a failure: under 60 in all

# --- what is built ------------------------------------------------------------------------------------------------
MAX_RENDERED: Final = 6 * MIB  # JSON of all objects of a pattern; the largest published design renders to 0.33 MiB
MAX_OBJECT: Final = 2 * MIB  # JSON of one object: etcd takes 1.5 MiB, and it is parsed without a break (20 ms)
MAX_OBJECT_VALUES: Final = 50_000  # values and keys of one object: 10 ms to parse; the largest published has 10,700
MAX_REPORT: Final = 3 * MIB  # JSON of the lines on all components of a pattern: 5,000 names of 253 letters have 2.5 MiB
MAX_SMALL: Final = 64 * KIB  # bytes of layers, and of documents, that a thread renders: 30 ms as YAML
MAX_SMALL_UNPACKED: Final = 256 * KIB  # of these layers inflated: 512 headers of files at most, 20 ms
MAX_SMALL_PARTS: Final = 2_048  # lines, commas, brackets, indicators in them: each may become a line of a report
MAX_PROGRAM_INPUT: Final = 16 * MIB  # files that helm or kustomize is given; the largest public charts have 3 MiB
MAX_PROGRAM_FOLDERS: Final = 4_000  # made for one run; large charts have some 200
MAX_PROGRAM_DEPTH: Final = 32  # parts of a path; charts in charts have some 12
MAX_PROGRAM_PATH: Final = 1_024  # bytes of a path
MAX_PROGRAM_OUTPUT: Final = 16 * MIB  # YAML of all objects, with its comments; more is beyond MAX_RENDERED anyway
MAX_PROGRAM_RUNS: Final = 24  # for one rendering: a chart twice, and patches nine times over, twice where some delete
MAX_SETTINGS: Final = 256  # whole numbers that --set, or a value with targetPath, gives a chart
MAX_SETTING: Final = 2 * KIB  # bytes of one, with its path
MAX_VALUES: Final = 2 * MIB  # of a chart: a Secret or ConfigMap has 1 MiB
RENDERING_CACHE: Final = 24 * MIB  # answers of workers that are kept, for all patterns; a quarter for a namespace
RENDERING_MEMORY: Final = 96 * MIB  # of renderings that are being applied, for all patterns; a third for a namespace
MAX_REPAIRS: Final = 50  # sentences in the report on one component; the rest is counted
MAX_SENTENCE: Final = 512  # characters of one of them, and of the reason of a refusal, which quotes names
MAX_REPORT_NAME: Final = 320  # characters of an id, name or kind in a report; a name of Kubernetes has 253
MAX_PATH: Final = 256  # characters of the path of a field in a report: what is named is the field, not its content
SMALL_MEMORY: Final = 32 * MIB  # of those that a thread rendered; a quarter for a namespace

# --- cluster --------------------------------------------------------------------------------------------------------
MAX_REFUSAL: Final = 4 * MIB  # of the API server: it quotes an object of at most 1.5 MiB, once or twice, escaped
# What is built of an object that the API server sends, with others' managedFields; ours have MAX_OBJECT_VALUES.
MAX_READ_CONTAINERS: Final = 80_000  # lists and objects: some 20 ms
MAX_READ_MEMBERS: Final = 100_000  # of objects, each with a name: some 15 ms
MAX_PAGE_OF_KOPF: Final = 3 * MIB  # of a list of patterns that kopf holds as a whole, built: two that fill etcd
MAX_PAGE: Final = 8 * MIB  # of a list: 500 objects of 16 KiB. Of larger ones smaller pages are asked for
MAX_REFERENTS: Final = 16 * MIB  # remembered of Secrets and ConfigMaps: a key has 200 bytes, a docker config 1 KiB
MAX_STATUS_MESSAGE: Final = 2 * KIB  # of a condition; metav1.Condition allows 32 KiB, people read less
MAX_STATUS_ENTRIES: Final = 50  # items named in a list of status (refused components, repairs); the rest is counted
