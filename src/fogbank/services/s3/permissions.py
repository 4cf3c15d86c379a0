"""What each call must be allowed (Service Authorization Reference, "Amazon S3").

Bucket policies and access control lists decide together: a grant counts for callers of other accounts and for those
that nobody knows; callers of the owner's own account have their policies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.s3 import acls, blocks, buckets, errors, rules, versions
from fogbank.services.s3.entries import Entry
from fogbank.services.s3.resources import Bucket, Grant

_LOGGING = "logging.s3.amazonaws.com"
_OF_ACCOUNT = {"ListBuckets": "s3:ListAllMyBuckets"}
_OF_BUCKET = {
    "DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "DeleteBucketReplication": "s3:PutReplicationConfiguration",
    "DeleteBucketTagging": "s3:PutBucketTagging",
    "GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "GetBucketCors": "s3:GetBucketCORS",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "GetBucketReplication": "s3:GetReplicationConfiguration",
    "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "HeadBucket": "s3:ListBucket",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "PutBucketAccelerateConfiguration": "s3:PutAccelerateConfiguration",
    "PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "PutBucketReplication": "s3:PutReplicationConfiguration",
    "PutObjectLockConfiguration": "s3:PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
_OF_OBJECT = {
    "CompleteMultipartUpload": "s3:PutObject",
    "CopyObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "HeadObject": "s3:GetObject",
    "ListParts": "s3:ListMultipartUploadParts",
    "UploadPart": "s3:PutObject",
    "UploadPartCopy": "s3:PutObject",
}
_VERSIONED = {
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:DeleteObject": "s3:DeleteObjectVersion",
    "s3:GetObjectTagging": "s3:GetObjectVersionTagging",
    "s3:PutObjectTagging": "s3:PutObjectVersionTagging",
    "s3:DeleteObjectTagging": "s3:DeleteObjectVersionTagging",
    "s3:GetObjectAcl": "s3:GetObjectVersionAcl",
    "s3:PutObjectAcl": "s3:PutObjectVersionAcl",
    "s3:GetObjectAttributes": "s3:GetObjectVersionAttributes",
}
_GRANTED_ON_BUCKET = {
    "s3:ListBucket": "READ",
    "s3:ListBucketVersions": "READ",
    "s3:ListBucketMultipartUploads": "READ",
    "s3:PutObject": "WRITE",
    "s3:DeleteObject": "WRITE",
    "s3:DeleteObjectVersion": "WRITE",
    "s3:GetBucketAcl": "READ_ACP",
    "s3:PutBucketAcl": "WRITE_ACP",
}
_GRANTED_ON_OBJECT = {
    "s3:GetObject": "READ",
    "s3:GetObjectVersion": "READ",
    "s3:GetObjectAcl": "READ_ACP",
    "s3:GetObjectVersionAcl": "READ_ACP",
    "s3:PutObjectAcl": "WRITE_ACP",
    "s3:PutObjectVersionAcl": "WRITE_ACP",
}
_HEADER_KEYS = {
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "Delimiter": "s3:delimiter",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantReadACP": "s3:x-amz-grant-read-acp",
    "GrantWrite": "s3:x-amz-grant-write",
    "GrantWriteACP": "s3:x-amz-grant-write-acp",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
    "MaxKeys": "s3:max-keys",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ObjectLockLegalHoldStatus": "s3:object-lock-legal-hold",
    "ObjectLockMode": "s3:object-lock-mode",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "Prefix": "s3:prefix",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "StorageClass": "s3:x-amz-storage-class",
    "VersionId": "s3:versionid",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
}


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    if operation in _OF_ACCOUNT:
        _check_known(ctx)
        return (Need(_OF_ACCOUNT[operation]),)
    if operation == "CreateBucket":
        _check_known(ctx)
        return tuple(_creation(ctx, req))
    bucket = buckets.find(ctx, req["Bucket"])
    if bucket is None or req.get("ExpectedBucketOwner") not in (None, bucket.account):
        # The operation says that it is not there, or not the one that was meant.
        return ()
    _check_payer(ctx, bucket, req)
    if operation in ("DeleteObjects", "HeadBucket"):
        # Each object is asked for by itself, and refused by itself; a bucket's head tells its region also in a refusal.
        return ()
    if "Key" not in req:
        return (_of_bucket(ctx, bucket, _OF_BUCKET.get(operation, f"s3:{operation}"), req),)
    if operation == "DeleteObject":
        return deletion(ctx, bucket, req, bypass=bool(req.get("BypassGovernanceRetention")))
    action = _OF_OBJECT.get(operation, f"s3:{operation}")
    if "VersionId" in req:
        action = _VERSIONED.get(action, action)
    found = [_of_object(ctx, bucket, action, req)]
    if operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        found += _more_of_write(ctx, bucket, req)
    if operation in ("CopyObject", "UploadPartCopy"):
        found += _source(ctx, req)
    if operation == "GetObjectAttributes":
        found.append(_of_object(ctx, bucket, _VERSIONED["s3:GetObject"] if "VersionId" in req else "s3:GetObject", req))
    if operation == "PutObjectRetention" and req.get("BypassGovernanceRetention"):
        found.append(_of_object(ctx, bucket, "s3:BypassGovernanceRetention", req))
    return found


def deletion(ctx: Context, bucket: Bucket, req: Mapping[str, Any], *, bypass: bool) -> list[Need]:
    """What deleting one object, or one version of it, must be allowed."""
    action = "s3:DeleteObjectVersion" if req.get("VersionId") else "s3:DeleteObject"
    found = [_of_object(ctx, bucket, action, req)]
    return [*found, _of_object(ctx, bucket, "s3:BypassGovernanceRetention", req)] if bypass else found


def of_replication(ctx: Context, bucket: Bucket, action: str, key: str | None = None) -> Need:
    """What a replication role (the caller of `ctx`) must be allowed in a bucket, or on a key of it."""
    return _need(ctx, bucket, action, key, {})


def of_delivery(ctx: Context, bucket: Bucket, key: str) -> Need:
    """What the delivery of logs (the caller of `ctx`) must be allowed in the bucket that they go to."""
    return _of_object(ctx, bucket, "s3:PutObject", {"Key": key})


def check_head(ctx: Context, bucket: Bucket) -> None:
    """Raises AccessDenied, which tells where the bucket is. (HeadBucket API page; SDKs learn a bucket's region so)"""
    try:
        ctx.authorize(_of_bucket(ctx, bucket, _OF_BUCKET["HeadBucket"], {}))
    except AwsError as error:
        error.headers = {"x-amz-bucket-region": bucket.region}
        raise


def check_may_know(ctx: Context, bucket: Bucket, key: str) -> None:
    """Raises AccessDenied for who may not list a bucket, and so is not told that it lacks a key."""
    if not ctx.caller.enforced and bucket.account == ctx.caller.account:
        return
    try:
        ctx.authorize(_of_bucket(ctx, bucket, "s3:ListBucket", {"Prefix": key}))
    except AwsError:
        action = "s3:ListBucket"
        arn = buckets.arn(bucket, ctx.partition)
        if ctx.caller.account != bucket.account:
            raise errors.access_denied() from None
        raise errors.access_denied(
            f'User: {ctx.caller.arn} is not authorized to perform: {action} on resource: "{arn}" because no '
            f"identity-based policy allows the {action} action"
        ) from None


def _check_payer(ctx: Context, bucket: Bucket, req: Mapping[str, Any]) -> None:
    """Raises AccessDenied for who does not say that it will pay, where the requester has to."""
    if bucket.payer == "Requester" and ctx.caller.account != bucket.account and req.get("RequestPayer") != "requester":
        raise errors.access_denied()


def _check_known(ctx: Context) -> None:
    if ctx.caller.principal.kind == "anonymous":
        raise errors.access_denied()


def _creation(ctx: Context, req: Mapping[str, Any]) -> Iterable[Need]:
    arn = f"arn:{ctx.partition}:s3:::{req['Bucket']}"
    configuration = req.get("CreateBucketConfiguration") or {}
    facts = _facts(req)
    if configuration.get("LocationConstraint"):
        facts["s3:locationconstraint"] = [configuration["LocationConstraint"]]
    tagged = tags.read(configuration.get("Tags"))
    facts |= tags.condition_keys(tagged)
    yield Need("s3:CreateBucket", arn, context=facts)
    if acls.asks(req):
        yield Need("s3:PutBucketAcl", arn, context=facts)
    if req.get("ObjectLockEnabledForBucket"):
        yield Need("s3:PutBucketObjectLockConfiguration", arn, context=facts)
        yield Need("s3:PutBucketVersioning", arn, context=facts)
    if "ObjectOwnership" in req:
        yield Need("s3:PutBucketOwnershipControls", arn, context=facts)
    if tagged:
        yield Need("s3:TagResource", arn, context=facts)


def _of_bucket(ctx: Context, bucket: Bucket, action: str, req: Mapping[str, Any]) -> Need:
    permission = _GRANTED_ON_BUCKET.get(action)
    granted = permission is not None and _is_granted(ctx, bucket, (bucket.account, bucket.grants), permission)
    return _need(ctx, bucket, action, None, lambda: _facts(req))._replace(grants_allow=granted)


def _of_object(ctx: Context, bucket: Bucket, action: str, req: Mapping[str, Any]) -> Need:
    key, version_id = req["Key"], req.get("VersionId")
    granted = False
    owner = bucket.account
    if bucket.has_acls and action in _GRANTED_ON_OBJECT:
        entry = _entry(ctx, bucket, key, version_id)
        if entry is not None:
            owner = entry.owner
            granted = _is_granted(ctx, bucket, (owner, entry.grants), _GRANTED_ON_OBJECT[action])
    elif bucket.has_acls and action in _GRANTED_ON_BUCKET:
        granted = _is_granted(ctx, bucket, (bucket.account, bucket.grants), _GRANTED_ON_BUCKET[action])

    def facts() -> dict[str, Any]:
        found = _facts(req)
        entry = _entry(ctx, bucket, key, version_id)
        if entry is not None and entry.tags:
            found |= {f"s3:existingobjecttag/{name.lower()}": [value] for name, value in entry.tags.items()}
        return found

    need = _need(ctx, bucket, action, key, facts)._replace(grants_allow=granted)
    if owner != bucket.account:
        # The bucket's policy has no say about what others own in it.
        return need._replace(account=owner, policy="")
    return need


def _need(ctx: Context, bucket: Bucket, action: str, key: str | None, facts: Any) -> Need:
    return Need(
        action,
        buckets.arn(bucket, ctx.partition, key),
        account=bucket.account,
        policy=_policy(ctx, bucket),
        rule="required" if ctx.caller.principal.kind == "service" else "optional",
        context=facts,
    )


def _policy(ctx: Context, bucket: Bucket) -> str:
    """The bucket's policy; none for strangers where it is public and the bucket is restricted."""
    is_stranger = ctx.caller.principal.kind != "service" and ctx.caller.account != bucket.account
    is_restricted = bucket.is_public and is_stranger and blocks.effective(ctx, bucket).restrict
    return "" if is_restricted else bucket.policy


def _is_granted(ctx: Context, bucket: Bucket, listed: tuple[str, tuple[Grant, ...]], permission: str) -> bool:
    """Whether a list (its owner and grants) gives a caller of another account a permission."""
    account, (owner, grants) = ctx.caller.account, listed
    if not bucket.has_acls:
        return False
    if ctx.caller.principal.kind == "service":
        # Logs may be delivered by a grant to their group: the ways from before there were policies still work.
        return ctx.caller.principal.service == _LOGGING and acls.takes_logs(grants)
    if account == owner or not grants:
        return False
    ignores = acls.is_public(grants) and blocks.effective(ctx, bucket).ignore_acls
    return acls.allows(grants, account, permission, ignores_public=ignores)


def _entry(ctx: Context, bucket: Bucket, key: str, version_id: str | None) -> Entry | None:
    if version_id is None:
        return versions.current(ctx, bucket, key)
    try:
        return versions.find(ctx, bucket, key, version_id)
    except AwsError:
        return None


def _more_of_write(ctx: Context, bucket: Bucket, req: Mapping[str, Any]) -> list[Need]:
    actions = []
    if acls.asks(req) and bucket.has_acls and ctx.caller.principal.service != _LOGGING:
        # The logging service gives what the bucket's owner has told it to.
        actions.append("s3:PutObjectAcl")
    if req.get("Tagging"):
        actions.append("s3:PutObjectTagging")
    if "ObjectLockMode" in req:
        actions.append("s3:PutObjectRetention")
    if "ObjectLockLegalHoldStatus" in req:
        actions.append("s3:PutObjectLegalHold")
    return [_of_object(ctx, bucket, action, req)._replace(grants_allow=False) for action in actions]


def _source(ctx: Context, req: Mapping[str, Any]) -> list[Need]:
    wanted = rules.copy_source(req["CopySource"])
    bucket = buckets.find(ctx, wanted.bucket)
    if bucket is None:
        return []
    asked: dict[str, Any] = {"Bucket": wanted.bucket, "Key": wanted.key}
    if wanted.version_id is not None:
        asked["VersionId"] = wanted.version_id
    action = "s3:GetObjectVersion" if wanted.version_id is not None else "s3:GetObject"
    found = [_of_object(ctx, bucket, action, asked)]
    entry = _entry(ctx, bucket, wanted.key, wanted.version_id)
    if entry is not None and entry.tags and req.get("TaggingDirective", "COPY") == "COPY":
        found.append(
            _of_object(
                ctx, bucket, _VERSIONED["s3:GetObjectTagging"] if wanted.version_id else "s3:GetObjectTagging", asked
            )
        )
    return found


def _facts(req: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {key: [str(req[name])] for name, key in _HEADER_KEYS.items() if name in req}
    if "ObjectLockRetainUntilDate" in req:
        from fogbank.codec.timestamps import iso

        found["s3:object-lock-retain-until-date"] = [iso(req["ObjectLockRetainUntilDate"])]
    requested = _request_tags(req)
    if requested:
        found |= {f"s3:requestobjecttag/{name.lower()}": [value] for name, value in requested.items()}
        found["s3:requestobjecttagkeys"] = list(requested)
    return found


def _request_tags(req: Mapping[str, Any]) -> dict[str, str]:
    tagging = req.get("Tagging")
    if isinstance(tagging, str):
        return dict(parse_qsl(tagging, keep_blank_values=True))
    return tags.read((tagging or {}).get("TagSet"))
