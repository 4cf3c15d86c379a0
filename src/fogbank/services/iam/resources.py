"""What IAM remembers: all of it global in an account, with names that are unique whatever their case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from fogbank.store.records import Record

_HOLDER_INDEXES = {"by_id": "id", "by_policy": "attached", "by_boundary": "boundary"}


class User(Record, frozen=True, kw_only=True):
    """A user with its own policies and the ids of its groups."""

    KIND: ClassVar[str] = "iam/user"
    KEY: ClassVar[tuple[str, ...]] = ("key",)
    INDEXES: ClassVar[Mapping[str, str]] = {**_HOLDER_INDEXES, "by_group": "groups"}
    GLOBAL: ClassVar[bool] = True
    name: str
    path: str = "/"
    id: str
    created_at: float
    attached: tuple[str, ...] = ()
    """ARNs of managed policies, in the order in which they were attached."""
    inline: Mapping[str, str] = {}
    """Name -> document."""
    boundary: str | None = None
    groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        return self.name.lower()


class Group(Record, frozen=True, kw_only=True):
    """A group; its members say so themselves."""

    KIND: ClassVar[str] = "iam/group"
    KEY: ClassVar[tuple[str, ...]] = ("key",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_id": "id", "by_policy": "attached"}
    GLOBAL: ClassVar[bool] = True
    name: str
    path: str = "/"
    id: str
    created_at: float
    attached: tuple[str, ...] = ()
    inline: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        return self.name.lower()


class Role(Record, frozen=True, kw_only=True):
    """A role with the policy that says who may assume it."""

    KIND: ClassVar[str] = "iam/role"
    KEY: ClassVar[tuple[str, ...]] = ("key",)
    INDEXES: ClassVar[Mapping[str, str]] = _HOLDER_INDEXES
    GLOBAL: ClassVar[bool] = True
    name: str
    path: str = "/"
    id: str
    created_at: float
    trust: str
    trusted: Mapping[str, str] = {}
    """ARN in the trust policy -> the unique id of the user or role that had it when the policy was written."""
    description: str | None = None
    session_seconds_max: int = 3600
    attached: tuple[str, ...] = ()
    inline: Mapping[str, str] = {}
    boundary: str | None = None
    tags: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        return self.name.lower()


class PolicyVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One document of a managed policy; its id is `v` and the number."""

    number: int
    document: str
    created_at: float


class ManagedPolicy(Record, frozen=True, kw_only=True):
    """A customer managed policy with its versions, oldest first."""

    KIND: ClassVar[str] = "iam/policy"
    KEY: ClassVar[tuple[str, ...]] = ("key",)
    GLOBAL: ClassVar[bool] = True
    name: str
    path: str = "/"
    id: str
    created_at: float
    updated_at: float
    description: str | None = None
    versions: tuple[PolicyVersion, ...]
    default: int = 1
    latest: int = 1
    """The highest number that a version has ever had."""
    tags: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        return self.name.lower()


class InstanceProfile(Record, frozen=True, kw_only=True):
    """An instance profile with the keys of its roles (AWS allows one)."""

    KIND: ClassVar[str] = "iam/instance-profile"
    KEY: ClassVar[tuple[str, ...]] = ("key",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_role": "roles"}
    GLOBAL: ClassVar[bool] = True
    name: str
    path: str = "/"
    id: str
    created_at: float
    roles: tuple[str, ...] = ()
    tags: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        return self.name.lower()


class AccessKey(Record, frozen=True, kw_only=True):
    """An access key. One that was deleted keeps its row, so that it is refused rather than unknown."""

    KIND: ClassVar[str] = "iam/access-key"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_owner": "owner"}
    GLOBAL: ClassVar[bool] = True
    id: str
    owner: str | None
    """The user's unique id, the account's number for a key of its root, None once deleted."""
    sealed: bytes = b""
    """The secret, sealed for the key's id."""
    status: str = "Active"
    created_at: float


class Use(Record, frozen=True, kw_only=True):
    """When an access key or a role (by its unique id) was last used."""

    KIND: ClassVar[str] = "iam/use"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str
    at: float
    region: str
    service: str


class LoginProfile(Record, frozen=True, kw_only=True):
    """A user's password, sealed."""

    KIND: ClassVar[str] = "iam/login-profile"
    KEY: ClassVar[tuple[str, ...]] = ("user_id",)
    GLOBAL: ClassVar[bool] = True
    user_id: str
    sealed: bytes
    created_at: float
    changed_at: float
    reset_required: bool = False


class PasswordPolicy(Record, frozen=True, kw_only=True):
    """What passwords of the account must be like; the defaults are those of UpdateAccountPasswordPolicy."""

    KIND: ClassVar[str] = "iam/password-policy"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str = "account"
    length_min: int = 6
    symbols: bool = False
    numbers: bool = False
    uppercase: bool = False
    lowercase: bool = False
    users_may_change: bool = False
    age_days_max: int | None = None
    reuse_prevented: int | None = None
    hard_expiry: bool | None = None


class Alias(Record, frozen=True, kw_only=True):
    """The account's alias."""

    KIND: ClassVar[str] = "iam/account-alias"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    GLOBAL: ClassVar[bool] = True
    name: str


class DeletionTask(Record, frozen=True, kw_only=True):
    """What became of a DeleteServiceLinkedRole."""

    KIND: ClassVar[str] = "iam/deletion-task"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str
    status: str


class OpenIdConnect(Record, frozen=True, kw_only=True):
    """An OpenID Connect identity provider."""

    KIND: ClassVar[str] = "iam/oidc"
    KEY: ClassVar[tuple[str, ...]] = ("url",)
    GLOBAL: ClassVar[bool] = True
    url: str
    """Without `https://`, as its ARN has it."""
    client_ids: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()
    created_at: float
    tags: Mapping[str, str] = {}


class Saml(Record, frozen=True, kw_only=True):
    """A SAML identity provider."""

    KIND: ClassVar[str] = "iam/saml"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    GLOBAL: ClassVar[bool] = True
    name: str
    id: str
    metadata: str
    created_at: float
    valid_until: float
    encryption: str | None = None
    tags: Mapping[str, str] = {}


class ServerCertificate(Record, frozen=True, kw_only=True):
    """A server certificate with its private key, which nobody reads back."""

    KIND: ClassVar[str] = "iam/server-certificate"
    KEY: ClassVar[tuple[str, ...]] = ("key",)
    GLOBAL: ClassVar[bool] = True
    name: str
    path: str = "/"
    id: str
    body: str
    chain: str | None = None
    sealed: bytes
    uploaded_at: float
    expires_at: float
    tags: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        return self.name.lower()


class MfaDevice(Record, frozen=True, kw_only=True):
    """A virtual MFA device, and whose it is."""

    KIND: ClassVar[str] = "iam/mfa-device"
    KEY: ClassVar[tuple[str, ...]] = ("serial",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_owner": "owner"}
    GLOBAL: ClassVar[bool] = True
    serial: str
    """Its ARN."""
    seed: bytes
    """Sealed."""
    owner: str | None = None
    """Unique id of a user, or the account's number for its root."""
    enabled_at: float | None = None
    tags: Mapping[str, str] = {}


class UserCredential(Record, frozen=True, kw_only=True):
    """What else a user may sign in with: an SSH public key, a signing certificate, a service-specific password."""

    KIND: ClassVar[str] = "iam/user-credential"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_owner": "owner"}
    GLOBAL: ClassVar[bool] = True
    id: str
    owner: str
    sort: str
    """`ssh`, `signing` or `service`."""
    status: str = "Active"
    created_at: float
    body: str = ""
    """The public key or certificate; of a service's, the user name there."""
    service: str = ""
    sealed: bytes = b""


class CredentialReport(Record, frozen=True, kw_only=True):
    """The last credential report."""

    KIND: ClassVar[str] = "iam/credential-report"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str = "report"
    content: str
    generated_at: float
