"""``patternctl sign``: signs the digest that a reference leads to, so that the operator and cosign verify it."""

import argparse
from typing import TYPE_CHECKING, Any

from pattern_operator.cli import connection, exit_codes, output
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from pattern_operator.api.reference import Digest, Reference
    from pattern_operator.sign import PrivateKey, Statement
    from pattern_operator.source import RepositoryClient
    from pattern_operator.source.attach import Attached

_EXAMPLES = """\
examples:
  patternctl sign oci://registry.example/patterns/web:1.0.0 --key cosign.key
  patternctl sign oci://registry.example/patterns/web@sha256:... --key cosign.key -a version=1.0.0 -o json
  patternctl sign --insecure oci://localhost:5000/web:dev --key cosign.key

What is signed is the digest, never the tag: a tag is resolved once, and if it names something else when the signature
is ready, nothing is signed. The key is a file of `patternctl generate-key-pair` or of cosign, or PEM. Its password is
asked for, or taken from $PATTERNCTL_KEY_PASSWORD or $COSIGN_PASSWORD. The signature is a Sigstore bundle (v0.3) beside
the artifact; nothing is sent to a public log. Signing twice with one key adds nothing.

"""


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "sign",
        help="sign an artifact with a private key",
        description="Sign an artifact of a registry with a private key.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE),
    )
    command.add_argument("reference", metavar="REFERENCE", help="oci://host[:port]/repository, with :tag or @digest")
    command.add_argument("--key", required=True, metavar="FILE", help="the private key, as cosign.key")
    command.add_argument(
        "-a",
        "--annotation",
        action="append",
        default=[],
        type=_annotation,
        metavar="NAME=VALUE",
        help="signed along with the digest, for policies that require it; repeatable",
    )
    command.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table", help="how to print")
    connection.add(command)
    command.set_defaults(run=run)


def _annotation(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError("must be NAME=VALUE")
    return name, value


def run(options: argparse.Namespace) -> int:
    """Sign, and say where the signature is."""
    import asyncio

    from pattern_operator.cli import private_key, registry

    reference = registry.reference(options.reference)
    key = private_key.read(options.key)
    signed = asyncio.run(_sign(options, reference, key))
    if options.output != "table":
        from pattern_operator.cli import yaml_output

        output.document(yaml_output.dump(signed, options.output))
        return exit_codes.OK
    print(f"signed     {signed['reference']}")
    print(f"digest     {signed['digest']}")
    print(f"key        {signed['key']}")
    where = (
        f"{signed['signature']}, listed by the {signed['listedBy']}" if signed["signature"] else _there(signed["key"])
    )
    print(f"signature  {where}")
    return exit_codes.OK


def _there(key: str) -> str:
    """Nothing is new: if a policy is not met still, it names another key, as refusals write it, or wants more."""
    return f"was there already, by this key ({key[:12]}): nothing was added"


async def _sign(options: argparse.Namespace, reference: "Reference", key: "PrivateKey") -> dict[str, Any]:
    """What was signed, and where the signature is; null where the key had signed just this before."""
    import hashlib

    from pattern_operator.cli import registry
    from pattern_operator.executors import run_in
    from pattern_operator.sign import Statement, sign_statement
    from pattern_operator.source import resolve

    async with registry.opened(
        reference.repository, insecure=options.insecure, token_service=options.token_service
    ) as client:
        output.progress(f"asking {reference.repository.host} for {reference}")
        digest = (await resolve(reference, registry=client)).digest
        statement = Statement(digest, dict(options.annotation))
        signed: dict[str, Any] = {
            "reference": str(reference),
            "digest": str(digest),
            "key": hashlib.sha256(key.spki).hexdigest(),
            "annotations": dict(statement.annotations),
            "signature": None,
            "listedBy": None,
        }
        if await _is_signed(statement, key=key, registry=client):
            return signed
        bundle = await run_in(client.executors.cpu, sign_statement, statement, key=key)
        await _refuse_moved(reference, digest, registry=client)
        output.progress(f"pushing the signature of {digest}")
        attached = await _attach(bundle, digest, registry=client)
        return signed | {
            "signature": str(attached.digest),
            "listedBy": "registry" if attached.tag is None else f"tag {attached.tag}",
        }


async def _is_signed(statement: "Statement", *, key: "PrivateKey", registry: "RepositoryClient") -> bool:
    """Whether a bundle with just this statement, by this key, is there already; what cannot be asked is not."""
    from pattern_operator.api.artifact import SignatureFormat
    from pattern_operator.executors import run_in
    from pattern_operator.source import fetch_signatures
    from pattern_operator.verify.bundle.document import Bundle, read_bundle
    from pattern_operator.verify.dsse import Envelope
    from pattern_operator.verify.key import load, verify_signature

    found = await fetch_signatures(statement.digest, registry=registry)
    public = load(key.public_pem, name="the private key")

    def same() -> bool:
        read = [read_bundle(each.payload) for each in found.signatures if each.format is SignatureFormat.BUNDLE]
        envelopes = [each.content for each in read if isinstance(each, Bundle) and isinstance(each.content, Envelope)]
        own = [each for each in envelopes if each.encoding == statement.message]
        return any(verify_signature(public, each.signature, each.encoding) for each in own)

    return await run_in(registry.executors.cpu, same)


async def _refuse_moved(reference: "Reference", digest: "Digest", *, registry: "RepositoryClient") -> None:
    """Make sure that the tag still names what is signed.

    Raises:
        Stalled: DIGEST_MISMATCH: it does not.
    """
    from pattern_operator.api.reason import Reason
    from pattern_operator.errors import Stalled

    if reference.digest is not None or reference.tag is None:
        return
    now = await registry.resolve_tag(reference.tag)
    if now != digest:
        raise Stalled(
            reason=Reason.DIGEST_MISMATCH,
            message=f"{reference} named {digest}, and names {now} now: somebody pushed meanwhile, and nothing was"
            f" signed. Look at what it is, and sign it by its digest, as in {reference.repository.url}@{now}",
        )


async def _attach(bundle: bytes, digest: "Digest", *, registry: "RepositoryClient") -> "Attached":
    import asyncio
    from datetime import UTC, datetime

    from pattern_operator.api.artifact import SIGNATURE_PREDICATE, Descriptor
    from pattern_operator.sign.bundle import MEDIA_TYPE
    from pattern_operator.source.attach import Attachment, attach
    from pattern_operator.source.manifest import media_type_of
    from pattern_operator.source.signatures.formats import PREDICATE_HINT
    from pattern_operator.source.upload import CREATED, date_text

    content = await registry.manifest(digest)
    context = registry.context(f"manifest {digest}")
    media_type = media_type_of(content.body, content_type=content.media_type, context=context)
    attachment = Attachment(
        bundle,
        MEDIA_TYPE,
        {
            "dev.sigstore.bundle.content": "dsse-envelope",  # these three as cosign writes them, for tools that list
            PREDICATE_HINT: SIGNATURE_PREDICATE,
            CREATED: date_text(datetime.now(UTC)),
        },
    )
    subject = Descriptor(media_type, digest, len(content.body))
    return await attach(attachment, subject=subject, registry=registry, sleep=asyncio.sleep)
