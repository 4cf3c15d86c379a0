"""Archives of code: looked at when they come."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile

from fogbank.aws.errors import AwsError
from fogbank.planes.sandbox import archive
from fogbank.planes.sandbox.archive import BadArchive
from fogbank.services.lambda_ import rules

BUNDLE = "/opt/fogbank/certificates.pem"
"""Where a function in a network finds whom to trust."""
_EMPTY = b"PK\x05\x06"


def checked(content: bytes) -> str:
    """The digest of an archive, as AWS shows it. Raises InvalidParameterValueException for what is none."""
    if content.startswith(_EMPTY):
        raise rules.invalid("Uploaded file must be a non-empty zip")
    try:
        archive.check(content, rules.UNZIPPED_BYTES_MAX)
    except BadArchive as error:
        raise broken(error) from None
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def with_bundle(certificates: bytes) -> bytes:
    """An archive that has certificates where functions look for them."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        entry = zipfile.ZipInfo(BUNDLE.removeprefix("/opt/"))
        entry.external_attr = 0o644 << 16
        opened.writestr(entry, certificates)
    return made.getvalue()


def broken(error: BadArchive) -> AwsError:
    """What AWS says of an archive that cannot be unpacked."""
    if "Unzipped size" in str(error):
        return rules.invalid(str(error))
    return rules.invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")


def file_name(sha256: str) -> str:
    """A digest as the name of a file."""
    return base64.b64decode(sha256).hex()
