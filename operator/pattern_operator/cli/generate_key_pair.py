"""``patternctl generate-key-pair``: a private key to sign with, and its public key, as the files that cosign makes."""

import argparse
from pathlib import Path

from pattern_operator.cli import exit_codes
from pattern_operator.cli.arguments import Parser

_EXAMPLES = """\
examples:
  patternctl generate-key-pair                                     cosign.key and cosign.pub
  patternctl generate-key-pair --output-key-prefix release         release.key and release.pub
  kubectl create secret generic release-key --from-file=cosign.pub

The key is ECDSA on P-256, as cosign's. The private one is encrypted with a password, which is asked for, or taken from
$PATTERNCTL_KEY_PASSWORD or $COSIGN_PASSWORD, and only its owner may read the file. A file that is there is never
overwritten. cosign reads both files, and patternctl those of `cosign generate-key-pair`.

"""


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "generate-key-pair",
        help="make a private key to sign with, and its public key",
        description="Make a private key to sign with, and the public key that verifies what it signed.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE),
    )
    command.add_argument(
        "--output-key-prefix",
        default="cosign",
        metavar="PREFIX",
        help="what the files are called before .key and .pub (default: cosign)",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the pair, and say where it is."""
    import errno
    import os

    from pattern_operator.cli import password, private_key
    from pattern_operator.sign import PrivateKey, encrypt_key
    from pattern_operator.sign.encrypted_key import NONCE, SALT

    private, public = (Path(f"{options.output_key_prefix}{suffix}") for suffix in (".key", ".pub"))
    for path in (private, public):  # before a password is asked for; it is made sure of when they are written
        if path.exists():
            raise FileExistsError(
                errno.EEXIST, "is there already, and is not overwritten: choose another prefix", str(path)
            )
    chosen = password.new(str(private))
    key = PrivateKey.generate()
    encrypted = encrypt_key(key.pkcs8, password=chosen, salt=os.urandom(SALT), nonce=os.urandom(NONCE))
    private_key.write_pair(private, public, encrypted=encrypted, pem=key.public_pem)
    print(f"private key  {private}   keep it, and its password: whoever has both signs as you")
    print(f"public key   {public}   goes to where signatures are verified")
    return exit_codes.OK
