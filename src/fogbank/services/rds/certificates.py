"""Certificate authorities as RDS names them: all of them are fogbank's own."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds.resources import Instance

NAMES = ("rds-ca-ecc384-g1", "rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1")
DEFAULT = "rds-ca-rsa2048-g1"


def checked(name: str) -> str:
    """A certificate authority that there is. Raises CertificateNotFound."""
    if name not in NAMES:
        raise AwsError("CertificateNotFound", f"Certificate {name} not found.")
    return name


def described(ctx: Context, instance: Instance) -> dict[str, Any]:
    """Which authority an instance's server certificate is of, and until when it is good, where it has one."""
    found = ctx.planes.databases.certificate(instance.node) if instance.node else None
    details = {"CAIdentifier": instance.certificate, "ValidTill": found.valid_till} if found is not None else None
    shown = {"CACertificateIdentifier": instance.certificate, "CertificateDetails": details}
    return {member: value for member, value in shown.items() if value is not None}
