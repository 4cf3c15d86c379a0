"""Every operation's errors, as data: what a client can provoke is provoked, and the rest is excused with a reason.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and the page of each operation
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.services.s3 import acls, rules
from fogbank.services.s3.test_s3_access_errors import (
    ACCOUNT,
    ACLS,
    BY_CUSTOMER,
    FULL,
    LOCKED,
    MINIMAL,
    NO_BUCKET,
    NOBODY,
    OTHER,
    ROLE,
    STRANGER,
    B,
    Prepared,
    refusal,
    status_of,
)
from fogbank.testing import START

PART = 5 * 1024 * 1024
OWNER = {"ID": acls.canonical_id(ACCOUNT)}
XML = "The XML you provided was not well-formed or did not validate against our published schema"
NO_KEY = "The specified key does not exist."
NO_VERSION = "The specified version does not exist."
NO_UPLOAD = "The specified upload does not exist."
HELD = "At least one of the pre-conditions you specified did not hold"
UNREAL = "A header you provided implies functionality that is not implemented"
NO_ACLS = "The bucket does not allow ACLs"
PART_RANGE = "Part number must be an integer between 1 and 10000, inclusive"


Case = tuple[str, dict[str, Any], str, int, str]


def rule(**more: Any) -> dict[str, Any]:
    return {"LifecycleConfiguration": {"Rules": [{"ID": "a", "Status": "Enabled", "Prefix": "", **more}]}}


def cors(**more: Any) -> dict[str, Any]:
    return {"CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], **more}]}}


def sse(**more: Any) -> dict[str, Any]:
    return {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": more}]}}


def tags(count: int, **more: str) -> dict[str, Any]:
    found = [{"Key": f"k{number}", "Value": "v"} for number in range(count)]
    return {"Tagging": {"TagSet": [*found, *([more] if more else [])]}}


def site(**more: Any) -> dict[str, Any]:
    return {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "i"}, **more}}


def policy(action: str, resource: str, principal: Any = "*") -> dict[str, str]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}


def at(bucket: str, **more: Any) -> dict[str, Any]:
    return {"Bucket": bucket, **more}


BAD_TAGS: list[tuple[dict[str, Any], str, str]] = [
    (tags(0, Key="", Value=""), "InvalidTag", "The TagKey you have provided is invalid"),
    (tags(0, Key="k" * 129, Value=""), "InvalidTag", "The TagKey you have provided is invalid"),
    (tags(0, Key="a\x01", Value=""), "InvalidTag", "The TagKey you have provided is invalid"),
    (tags(0, Key="k", Value="v" * 257), "InvalidTag", "The TagValue you have provided is invalid"),
    (tags(1, Key="k0", Value=""), "InvalidTag", "Cannot provide multiple Tags with the same key"),
    (tags(0, Key="aws:x", Value=""), "InvalidTag", "System tags cannot be added/updated by requester"),
]

CASES: list[Case] = [
    # buckets
    ("CreateBucket", at("ab"), "InvalidBucketName", 400, "The specified bucket is not valid."),
    ("CreateBucket", at("a" * 64), "InvalidBucketName", 400, "The specified bucket is not valid."),
    ("CreateBucket", at("others-harbour"), "BucketAlreadyExists", 409, "The requested bucket name is not available."),
    ("CreateBucket", at("west-harbour", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}),
     "BucketAlreadyOwnedByYou", 409, "Your previous request to create the named bucket succeeded and you already own"),
    ("CreateBucket", at("new", CreateBucketConfiguration={"LocationConstraint": "mars-1"}),
     "InvalidLocationConstraint", 400, "The specified location-constraint is not valid"),
    ("CreateBucket", at("new", _region="eu-west-1"), "IllegalLocationConstraintException", 400,
     "The unspecified location constraint is incompatible"),
    ("CreateBucket", at("new", ACL="public-read"), "InvalidBucketAclWithObjectOwnership", 400,
     "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"),
    ("CreateBucket", at("new", ObjectOwnership="Nobody"), "InvalidArgument", 400, "Invalid x-amz-object-ownership"),
    ("CreateBucket", at("new", ACL="public-read", GrantRead="id=x", ObjectOwnership="ObjectWriter"), "InvalidRequest",
     400, "Specifying both Canned ACLs and Header Grants is not allowed"),
    ("DeleteBucket", at(B), "BucketNotEmpty", 409, "The bucket you tried to delete is not empty."),
    ("DeleteBucket", at(LOCKED), "BucketNotEmpty", 409, "The bucket you tried to delete is not empty. You must"),
    ("ListBuckets", {"MaxBuckets": 0}, "InvalidArgument", 400, "Argument max-buckets must be an integer between 1 and"),
    ("ListBuckets", {"MaxBuckets": 10_001}, "InvalidArgument", 400, "Argument max-buckets must be an integer"),
    ("ListBuckets", {"ContinuationToken": "?"}, "InvalidArgument", 400, "The continuation token provided is incorrect"),
    # settings that are not there
    ("GetBucketCors", at(B), "NoSuchCORSConfiguration", 404, "The CORS configuration does not exist"),
    ("GetBucketLifecycleConfiguration", at(B), "NoSuchLifecycleConfiguration", 404,
     "The lifecycle configuration does not exist"),
    ("GetBucketOwnershipControls", at(FULL), "OwnershipControlsNotFoundError", 404,
     "The bucket ownership controls were not found"),
    ("GetBucketPolicy", at(B), "NoSuchBucketPolicy", 404, "The bucket policy does not exist"),
    ("GetBucketPolicyStatus", at(B), "NoSuchBucketPolicy", 404, "The bucket policy does not exist"),
    ("GetBucketReplication", at(B), "ReplicationConfigurationNotFoundError", 404,
     "The replication configuration was not found"),
    ("GetBucketTagging", at(B), "NoSuchTagSet", 404, "The TagSet does not exist"),
    ("GetBucketWebsite", at(B), "NoSuchWebsiteConfiguration", 404,
     "The specified bucket does not have a website configuration"),
    ("GetObjectLockConfiguration", at(B), "ObjectLockConfigurationNotFoundError", 404,
     "Object Lock configuration does not exist for this bucket"),
    ("GetPublicAccessBlock", at(FULL), "NoSuchPublicAccessBlockConfiguration", 404,
     "The public access block configuration was not found"),
    # settings that are none
    ("PutBucketAccelerateConfiguration", at(B, AccelerateConfiguration={}), "MalformedXML", 400, XML),
    ("PutBucketAccelerateConfiguration", at("dotted.harbour", AccelerateConfiguration={"Status": "Enabled"}),
     "InvalidRequest", 400, "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"),
    ("PutBucketAcl", at(B), "InvalidRequest", 400, "Your request was missing a required header"),
    ("PutBucketAcl", at(B, ACL="public-read"), "AccessControlListNotSupported", 400, NO_ACLS),
    ("PutBucketAcl", at(ACLS, ACL="public-read"), "AccessDenied", 403, "Access Denied"),
    ("PutBucketAcl", at(ACLS, ACL="bucket-owner-read"), "InvalidArgument", 400, ""),
    ("PutBucketAcl", at(ACLS, GrantRead="id=nobody"), "InvalidArgument", 400, "Invalid id"),
    ("PutBucketAcl", at(ACLS, GrantRead="uri=http://x"), "InvalidArgument", 400, "Invalid group uri"),
    ("PutBucketAcl", at(ACLS, GrantRead="name=ann"), "InvalidArgument", 400, "Argument format not recognized"),
    ("PutBucketAcl", at(ACLS, GrantRead="emailAddress=a@b.c"), "UnresolvableGrantByEmailAddress", 400,
     "The e-mail address you provided does not match any account on record."),
    ("PutBucketAcl", at(ACLS, AccessControlPolicy={"Owner": OWNER}), "MalformedACLError", 400, XML),
    ("PutBucketAcl", at(ACLS, AccessControlPolicy={"Owner": {"ID": "x"}, "Grants": []}), "AccessDenied", 403,
     "Access Denied"),
    ("PutBucketAcl", at(ACLS, ACL="private", AccessControlPolicy={"Owner": OWNER, "Grants": []}), "InvalidRequest",
     400, "This request is not allowed"),
    ("PutBucketCors", at(B, CORSConfiguration={"CORSRules": []}), "MalformedXML", 400, XML),
    ("PutBucketCors", at(B, CORSConfiguration={"CORSRules": cors()["CORSConfiguration"]["CORSRules"] * 101}),
     "MalformedXML", 400, XML),
    ("PutBucketCors", at(B, **cors(AllowedMethods=["PATCH"])), "InvalidRequest", 400,
     "Found unsupported HTTP method in CORS config. Unsupported method is PATCH"),
    ("PutBucketCors", at(B, **cors(AllowedOrigins=["*a*"])), "InvalidRequest", 400,
     'AllowedOrigin "*a*" can not have more than one wildcard.'),
    ("PutBucketCors", at(B, **cors(ExposeHeaders=["*"])), "InvalidRequest", 400, 'ExposeHeader "*" contains wildcard.'),
    ("PutBucketCors", at(B, **cors(ExposeHeaders=["a\r\nX-Evil: 1"])), "MalformedXML", 400, XML),
    ("PutBucketEncryption", at(B, ServerSideEncryptionConfiguration={"Rules": []}), "MalformedXML", 400, XML),
    ("PutBucketEncryption", at(B, **sse(SSEAlgorithm="ROT13")), "MalformedXML", 400, XML),
    ("PutBucketEncryption", at(B, **sse(SSEAlgorithm="AES256", KMSMasterKeyID="k")), "InvalidArgument", 400,
     "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms"),
    ("PutBucketEncryption", at(B, **sse(SSEAlgorithm="aws:kms:dsse")), "NotImplemented", 501, "fogbank has no dual"),
    ("PutBucketLifecycleConfiguration", at(B, LifecycleConfiguration={"Rules": []}), "MalformedXML", 400, XML),
    ("PutBucketLifecycleConfiguration", at(B, **rule()), "InvalidRequest", 400,
     "At least one action needs to be specified in a rule"),
    ("PutBucketLifecycleConfiguration", at(B, **rule(Expiration={"Days": 0})), "InvalidArgument", 400,
     "'Days' for Expiration action must be a positive integer"),
    ("PutBucketLifecycleConfiguration", at(B, **rule(Expiration={"Date": START + 1})), "InvalidArgument", 400,
     "'Date' must be at midnight GMT"),
    ("PutBucketLifecycleConfiguration", at(B, **rule(ID="i" * 256, Expiration={"Days": 1})), "InvalidArgument", 400,
     "ID length should not exceed allowed limit of 255"),
    ("PutBucketLifecycleConfiguration",
     at(B, LifecycleConfiguration={"Rules": rule(Expiration={"Days": 1})["LifecycleConfiguration"]["Rules"] * 2}),
     "InvalidArgument", 400, "Rule ID must be unique. Found same ID for more than one rule"),
    ("PutBucketLifecycleConfiguration",
     at(B, **rule(Transitions=[{"Days": 29, "StorageClass": "STANDARD_IA"}])), "InvalidArgument", 400,
     "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'"),
    ("PutBucketLogging", at(B, BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "no", "TargetPrefix": ""}}),
     "InvalidTargetBucketForLogging", 400, "The target bucket for logging does not exist"),
    ("PutBucketLogging",
     at(B, BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "others-harbour", "TargetPrefix": ""}}),
     "InvalidTargetBucketForLogging", 400, "The owner for the bucket to be logged and the target bucket must be"),
    ("PutBucketLogging",
     at(B, BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "west-harbour", "TargetPrefix": ""}}),
     "CrossLocationLoggingProhibitted", 403, "Cross S3 location logging not allowed."),
    ("PutBucketNotificationConfiguration",
     at(B, NotificationConfiguration={"QueueConfigurations": [{"QueueArn": "arn:aws:sqs:us-east-1:0:no",
                                                               "Events": ["s3:ObjectCreated:*"]}]}),
     "InvalidArgument", 400, ""),
    ("PutBucketOwnershipControls", at(B, OwnershipControls={"Rules": [{"ObjectOwnership": "Nobody"}]}), "MalformedXML",
     400, XML),
    ("PutBucketOwnershipControls", at("granted-harbour", OwnershipControls={"Rules": [
        {"ObjectOwnership": "BucketOwnerEnforced"}]}), "InvalidBucketAclWithObjectOwnership", 400,
     "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"),
    ("PutBucketPolicy", at(B, Policy="x"), "MalformedPolicy", 400, "Policies must be valid JSON and the first byte"),
    ("PutBucketPolicy", at(B, Policy='{"a":' * 4000), "MalformedPolicy", 400, "Policies must be valid JSON"),
    ("PutBucketPolicy", at(B, **policy("sqs:SendMessage", f"arn:aws:s3:::{B}")), "MalformedPolicy", 400,
     "Policy has invalid action"),
    ("PutBucketPolicy", at(B, **policy("s3:GetObject", "arn:aws:s3:::another/*")), "MalformedPolicy", 400,
     "Policy has invalid resource"),
    ("PutBucketPolicy", at(B, **policy("s3:GetObject", f"arn:aws:s3:::{B}")), "MalformedPolicy", 400,
     "Action does not apply to any resource(s) in statement"),
    ("PutBucketPolicy", at(B, **policy("s3:GetObject", f"arn:aws:s3:::{B}/*")), "AccessDenied", 403, "User: arn:aws:"),
    ("PutBucketPolicy", at(B, Policy="{" + " " * 20_480), "EntityTooLarge", 400, "The policy is too large"),
    ("PutBucketReplication", at(B, ReplicationConfiguration={"Role": ROLE, "Rules": []}), "InvalidRequest", 400,
     "Versioning must be 'Enabled' on the bucket to apply a replication configuration"),
    ("PutBucketReplication", at(LOCKED, ReplicationConfiguration={"Role": ROLE, "Rules": []}), "MalformedXML", 400,
     XML),
    ("PutBucketReplication", at(LOCKED, ReplicationConfiguration={"Role": "x", "Rules": [
        {"Status": "Enabled", "Destination": {"Bucket": f"arn:aws:s3:::{B}"}}]}), "InvalidArgument", 400,
     "Invalid Role specified in replication configuration"),
    ("PutBucketRequestPayment", at(B, RequestPaymentConfiguration={"Payer": "Nobody"}), "MalformedXML", 400, XML),
    ("PutBucketTagging", at(B, **tags(51)), "BadRequest", 400, "Tag count cannot be greater than 50"),
    *[("PutBucketTagging", at(B, **bad), code, 400, text) for bad, code, text in BAD_TAGS],
    ("PutBucketVersioning", at(B, VersioningConfiguration={}), "IllegalVersioningConfigurationException", 400,
     "The Versioning element must be specified"),
    ("PutBucketVersioning", at(B, VersioningConfiguration={"Status": "Off"}), "IllegalVersioningConfigurationException",
     400, "The Versioning element must be specified"),
    ("PutBucketVersioning", at(LOCKED, VersioningConfiguration={"Status": "Suspended"}), "InvalidBucketState", 409,
     "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."),
    ("PutBucketWebsite", at(B, WebsiteConfiguration={}), "InvalidArgument", 400, "A value for IndexDocument Suffix"),
    ("PutBucketWebsite", at(B, WebsiteConfiguration={"IndexDocument": {"Suffix": "a/b"}}), "InvalidArgument", 400,
     "The IndexDocument Suffix is not well formed"),
    ("PutBucketWebsite", at(B, **site(RedirectAllRequestsTo={"HostName": "x"})), "InvalidRequest", 400,
     "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules."),
    ("PutBucketWebsite", at(B, **site(RoutingRules=[{"Redirect": {"HttpRedirectCode": "200"}}])), "InvalidRequest",
     400, "The provided HTTP redirect code (200) is not valid."),
    ("PutBucketWebsite", at(B, **site(RoutingRules=[{"Redirect": {"HostName": "x"}}] * 51)), "InvalidRequest", 400,
     "51 routing rules provided"),
    ("PutObjectLockConfiguration", at(B, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}),
     "InvalidBucketState", 409, "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"),
    ("PutObjectLockConfiguration", at(LOCKED), "MalformedXML", 400, XML),
    ("PutObjectLockConfiguration", at(LOCKED, ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 0}}}),
     "InvalidArgument", 400, "Default retention period must be a positive integer value."),
    ("PutObjectLockConfiguration", at(LOCKED, ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 36_501}}}),
     "InvalidArgument", 400, "Default retention period too large"),
    # listings
    *[(operation, at(B, **{member: -1}), "InvalidArgument", 400, "must be an integer between 0 and 2147483647")
      for operation, member in (("ListObjects", "MaxKeys"), ("ListObjectsV2", "MaxKeys"), ("ListObjectVersions",
                                "MaxKeys"), ("ListMultipartUploads", "MaxUploads"))],
    *[(operation, at(B, EncodingType="x"), "InvalidArgument", 400, "Invalid Encoding Method specified in Request")
      for operation in ("ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads")],
    ("ListObjectsV2", at(B, ContinuationToken=""), "InvalidArgument", 400, "The continuation token provided is"),
    ("ListObjectsV2", at(B, ContinuationToken="?"), "InvalidArgument", 400, "The continuation token provided is"),
    ("ListObjectVersions", at(B, VersionIdMarker="x"), "InvalidArgument", 400, "A version-id marker cannot be"),
    ("ListObjectVersions", at(B, KeyMarker="k", VersionIdMarker="x"), "InvalidArgument", 400, "Invalid version id"),
    ("ListMultipartUploads", at(B, KeyMarker="k", UploadIdMarker="x"), "InvalidArgument", 400, "Invalid uploadId"),
    # reads
    *[(operation, at(B, **{**MINIMAL[operation], "Key": "none"}), "NoSuchKey", 404, NO_KEY)
      for operation in ("GetObject", "HeadObject", "GetObjectAcl", "PutObjectAcl", "GetObjectAttributes",
                        "GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging")],
    *[(operation, at(LOCKED, **{**MINIMAL[operation], "Key": "none"}), "NoSuchKey", 404, NO_KEY)
      for operation in ("GetObjectRetention", "PutObjectRetention", "GetObjectLegalHold", "PutObjectLegalHold")],
    *[(operation, at(B, **{**MINIMAL[operation], "VersionId": "x"}), "InvalidArgument", 400, "Invalid version id")
      for operation in ("GetObject", "HeadObject", "GetObjectAcl", "PutObjectAcl", "GetObjectAttributes",
                        "GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging", "DeleteObject")],
    *[(operation, at(LOCKED, **{**MINIMAL[operation], "VersionId": "marker"}), "MethodNotAllowed", 405,
       "The specified method is not allowed against this resource.")
      for operation in ("GetObject", "HeadObject", "GetObjectTagging", "GetObjectAcl", "GetObjectRetention")],
    *[(operation, at(LOCKED, **{**MINIMAL[operation], "VersionId": "gone"}), "NoSuchVersion", 404, NO_VERSION)
      for operation in ("GetObject", "HeadObject", "GetObjectTagging", "GetObjectAcl", "GetObjectAttributes")],
    *[(operation, at(B, **{**MINIMAL[operation], "Key": "k" * 1025}), "KeyTooLongError", 400, "Your key is too long")
      for operation in ("GetObject", "HeadObject", "PutObject", "DeleteObject", "CopyObject", "CreateMultipartUpload",
                        "GetObjectTagging", "PutObjectTagging", "UploadPart")],
    ("GetObject", at(B, Key="k", VersionId=""), "InvalidArgument", 400, "Version id cannot be the empty string"),
    ("GetObject", at(B, Key="k", Range="bytes=4-"), "InvalidRange", 416, "The requested range is not satisfiable"),
    ("GetObject", at(B, Key="k", Range=f"bytes={'9' * 5000}-"), "InvalidRange", 416, "The requested range is not"),
    ("GetObject", at(B, Key="k", PartNumber=0), "InvalidArgument", 400, PART_RANGE),
    ("GetObject", at(B, Key="k", PartNumber=2), "InvalidPartNumber", 416, "The requested partnumber is not"),
    ("GetObject", at(B, Key="k", PartNumber=1, Range="bytes=0-1"), "InvalidRequest", 400, "Cannot specify both Range"),
    ("GetObject", at(B, Key="k", IfMatch="x"), "PreconditionFailed", 412, HELD),
    ("GetObject", at(B, Key="k", IfUnmodifiedSince=START - 9), "PreconditionFailed", 412, HELD),
    ("GetObject", at(B, Key="k", IfNoneMatch="*"), "NotModified", 304, "Not Modified"),
    ("GetObject", at(B, Key="k", IfModifiedSince=START + 9), "NotModified", 304, "Not Modified"),
    ("GetObject", at(B, Key="cold"), "InvalidObjectState", 403, "The operation is not valid for the object's storage"),
    ("GetObject", at(B, Key="sealed"), "InvalidRequest", 400, "The object was stored using a form of Server Side"),
    ("GetObject", at(B, Key="k", **BY_CUSTOMER), "InvalidRequest", 400, "The encryption parameters are not applicable"),
    ("GetObject", at(B, Key="k", SSECustomerAlgorithm="AES256"), "InvalidArgument", 400, "Requests specifying Server"),
    ("GetObject", at(B, Key="k", SSECustomerAlgorithm="ROT13"), "InvalidEncryptionAlgorithmError", 400,
     "The encryption request you specified is not valid. The valid value is AES256."),
    ("GetObjectAttributes", at(B, Key="k", ObjectAttributes=["Colour"]), "InvalidArgument", 400, "Invalid attribute"),
    *[(operation, at(B, **MINIMAL[operation]), "InvalidRequest", 400, "Bucket is missing Object Lock Configuration")
      for operation in ("GetObjectRetention", "PutObjectRetention", "GetObjectLegalHold", "PutObjectLegalHold")],
    *[(operation, at(LOCKED, Key="free"), "NoSuchObjectLockConfiguration", 404,
       "The specified object does not have a ObjectLock configuration")
      for operation in ("GetObjectRetention", "GetObjectLegalHold")],
    # writes
    ("PutObject", at(B, Key="a\x00b"), "InvalidArgument", 400, "An object key cannot hold a NUL character here."),
    ("PutObject", at(B, Key="n", Metadata={"k": "v" * 2048}), "MetadataTooLarge", 400, "Your metadata headers exceed"),
    ("PutObject", at(B, Key="n", StorageClass="HOT"), "InvalidStorageClass", 400, "The storage class you specified"),
    ("PutObject", at(B, Key="n", WebsiteRedirectLocation="x"), "InvalidRedirectLocation", 400, "The website redirect"),
    ("PutObject", at(B, Key="n", Tagging="&".join(f"k{n}=v" for n in range(11))), "BadRequest", 400,
     "Object tags cannot be greater than 10"),
    ("PutObject", at(B, Key="n", Tagging="a=b&a=c"), "InvalidTag", 400, "Cannot provide multiple Tags with the same"),
    ("PutObject", at(B, Key="n", Tagging="novalue"), "InvalidArgument", 400, "The header 'x-amz-tagging' shall be"),
    ("PutObject", at(B, Key="k", IfNoneMatch="*"), "PreconditionFailed", 412, HELD),
    ("PutObject", at(B, Key="k", IfNoneMatch="x"), "NotImplemented", 501, UNREAL),
    ("PutObject", at(B, Key="k", IfMatch="x"), "PreconditionFailed", 412, HELD),
    ("PutObject", at(B, Key="none", IfMatch="x"), "NoSuchKey", 404, NO_KEY),
    ("PutObject", at(B, Key="n", WriteOffsetBytes=1), "NotImplemented", 501, UNREAL),
    ("PutObject", at(B, Key="n", ACL="public-read"), "AccessControlListNotSupported", 400, NO_ACLS),
    ("PutObject", at(B, Key="n", Body=b"x", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg=="), "BadDigest", 400,
     "The Content-MD5 you specified did not match what we received."),
    ("PutObject", at(B, Key="n", Body=b"x", ChecksumCRC32="AAAAAA=="), "BadDigest", 400, "The CRC32 you specified"),
    ("PutObject", at(B, Key="n", ChecksumCRC32="a", ChecksumSHA1="b"), "InvalidRequest", 400, "Expecting a single"),
    ("PutObject", at(B, Key="n", ChecksumAlgorithm="ROT13"), "InvalidRequest", 400, "Checksum algorithm provided is"),
    ("PutObject", at(B, Key="n", ContentLength=5 * 1024**3 + 1), "EntityTooLarge", 400, "Your proposed upload exceeds"),
    ("PutObject", at(B, Key="n", ServerSideEncryption="ROT13"), "InvalidArgument", 400, "The encryption method"),
    ("PutObject", at(B, Key="n", ServerSideEncryption="aws:kms", SSEKMSKeyId="none"), "KMS.NotFoundException", 400, ""),
    ("PutObject", at(B, Key="n", ServerSideEncryption="aws:kms", SSEKMSKeyId="alias/off"), "KMS.DisabledException",
     400, ""),
    ("PutObject", at(B, Key="n", ServerSideEncryption="aws:kms", SSEKMSKeyId="alias/dying"),
     "KMS.KMSInvalidStateException", 400, ""),
    ("PutObject", at(B, Key="n", ServerSideEncryption="aws:kms", SSEKMSKeyId="alias/signing"),
     "KMS.InvalidKeyUsageException", 400, ""),
    ("PutObject", at(B, Key="n", ServerSideEncryption="aws:kms", SSEKMSEncryptionContext=base64.b64encode(
        b'{"a":' * 4000).decode()), "InvalidArgument", 400, "The header 'x-amz-server-side-encryption-context'"),
    ("PutObject", at(B, Key="n", ServerSideEncryption="AES256", SSEKMSKeyId="k"), "InvalidArgument", 400,
     "Server Side Encryption with AWS KMS managed key requires HTTP header"),
    ("PutObject", at(B, Key="n", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=START + 9), "InvalidRequest",
     400, "Bucket is missing Object Lock Configuration"),
    ("PutObject", at(LOCKED, Key="n", ObjectLockMode="GOVERNANCE"), "InvalidArgument", 400, "x-amz-object-lock-retain"),
    ("PutObject", at(LOCKED, Key="n", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=START - 9),
     "InvalidArgument", 400, "The retain until date must be in the future!"),
    ("PutObject", at(LOCKED, Key="n", ObjectLockMode="X", ObjectLockRetainUntilDate=START + 9), "InvalidArgument", 400,
     "Unknown wormMode directive."),
    ("PutObject", at(LOCKED, Key="n", ObjectLockLegalHoldStatus="X"), "InvalidArgument", 400, "Legal Hold must be"),
    ("PutObjectAcl", at(B, Key="k"), "InvalidRequest", 400, "Your request was missing a required header"),
    ("PutObjectAcl", at(B, Key="k", ACL="public-read"), "AccessControlListNotSupported", 400, NO_ACLS),
    ("PutObjectAcl", at(ACLS, Key="k", AccessControlPolicy={"Owner": OWNER}), "MalformedACLError", 400, XML),
    ("PutObjectLegalHold", at(LOCKED, Key="free", LegalHold={"Status": "X"}), "MalformedXML", 400, XML),
    ("PutObjectRetention", at(LOCKED, Key="free", Retention={"Mode": "GOVERNANCE"}), "MalformedXML", 400, XML),
    ("PutObjectRetention", at(LOCKED, Key="free", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": START - 1}),
     "InvalidArgument", 400, "The retain until date must be in the future!"),
    ("PutObjectRetention", at(LOCKED, Key="k", Retention={}), "AccessDenied", 403,
     "Access Denied because object protected by object lock."),
    ("PutObjectTagging", at(B, Key="k", **tags(11)), "BadRequest", 400, "Object tags cannot be greater than 10"),
    *[("PutObjectTagging", at(B, Key="k", **bad), code, 400, text) for bad, code, text in BAD_TAGS],
    ("DeleteObject", at(LOCKED, Key="k", VersionId="held"), "AccessDenied", 403,
     "Access Denied because object protected by object lock."),
    ("DeleteObject", at(B, Key="k", IfMatch="x"), "PreconditionFailed", 412, HELD),
    ("DeleteObject", at(B, Key="none", IfMatch="x"), "NoSuchKey", 404, NO_KEY),
    ("DeleteObject", at(B, Key="k", MFA="1 2"), "InvalidRequest", 400, "The MFA header applies to buckets with"),
    ("DeleteObject", at(B, Key="k", IfMatchSize=1), "NotImplemented", 501, UNREAL),
    ("DeleteObjects", at("no-bucket", Delete={"Objects": [{"Key": "k"}]}), "NoSuchBucket", 404, NO_BUCKET),
    ("DeleteObjects", at(B, ExpectedBucketOwner=OTHER, Delete={"Objects": [{"Key": "k"}]}), "AccessDenied", 403,
     "Access Denied"),
    ("DeleteObjects", at(B, Delete={"Objects": []}), "MalformedXML", 400, XML),
    ("DeleteObjects", at(B, Delete={"Objects": [{"Key": "k"}] * 1001}), "MalformedXML", 400, XML),
    # copies
    ("CopyObject", at(B, Key="n", CopySource="no-bucket/k"), "NoSuchBucket", 404, NO_BUCKET),
    ("CopyObject", at(B, Key="n", CopySource=f"{B}/none"), "NoSuchKey", 404, NO_KEY),
    ("CopyObject", at(B, Key="n", CopySource="/"), "InvalidArgument", 400, "Invalid copy source bucket name"),
    ("CopyObject", at(B, Key="n", CopySource=B), "InvalidArgument", 400, "Invalid copy source object key"),
    ("CopyObject", at(B, Key="n", CopySource=f"{B}/a%ff"), "InvalidArgument", 400, "Invalid copy source encoding."),
    ("CopyObject", at(B, Key="k", CopySource=f"{B}/k"), "InvalidRequest", 400, "This copy request is illegal because"),
    ("CopyObject", at(B, Key="n", CopySource=f"{B}/cold"), "ObjectNotInActiveTierError", 403, "The source object of"),
    ("CopyObject", at(B, Key="n", CopySource=f"{B}/k", CopySourceIfMatch="x"), "PreconditionFailed", 412, HELD),
    ("CopyObject", at(B, Key="n", CopySource=f"{B}/k", MetadataDirective="X"), "InvalidArgument", 400, "Unknown meta"),
    ("CopyObject", at(B, Key="n", CopySource=f"{B}/k", TaggingDirective="X"), "InvalidArgument", 400, "Unknown tagg"),
    ("CopyObject", at(B, Key="n", CopySource=f"{LOCKED}/k?versionId=marker"), "InvalidRequest", 400,
     "The source of a copy request may not specifically refer to a delete marker by version id."),
    # uploads
    *[(operation, at(B, **MINIMAL[operation]), "NoSuchUpload", 404, NO_UPLOAD)
      for operation in ("AbortMultipartUpload", "CompleteMultipartUpload", "ListParts", "UploadPart",
                        "UploadPartCopy")],
    ("CreateMultipartUpload", at(B, Key="n", ChecksumAlgorithm="ROT13"), "InvalidRequest", 400, "Checksum algorithm"),
    ("CreateMultipartUpload", at(B, Key="n", ChecksumType="FULL_OBJECT"), "InvalidRequest", 400, "The x-amz-checksum"),
    ("CreateMultipartUpload", at(B, Key="n", ChecksumAlgorithm="SHA1", ChecksumType="FULL_OBJECT"), "InvalidRequest",
     400, "The FULL_OBJECT checksum type cannot be used with the sha1 checksum algorithm."),
    ("CreateMultipartUpload", at(B, Key="n", StorageClass="HOT"), "InvalidStorageClass", 400, "The storage class you"),
    ("UploadPart", at(B, Key="up", UploadId="up", PartNumber=0), "InvalidArgument", 400, PART_RANGE),
    ("UploadPart", at(B, Key="up", UploadId="up", PartNumber=10_001), "InvalidArgument", 400, PART_RANGE),
    ("UploadPart", at(B, Key="up", UploadId="up", PartNumber=1, ContentLength=5 * 1024**3 + 1), "EntityTooLarge", 400,
     "Your proposed upload exceeds the maximum allowed size"),
    ("UploadPart", at(B, Key="up", UploadId="up", PartNumber=1, Body=b"x", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg=="),
     "BadDigest", 400, "The Content-MD5 you specified did not match"),
    ("UploadPartCopy", at(B, Key="up", UploadId="up", PartNumber=1, CopySource=f"{B}/none"), "NoSuchKey", 404, NO_KEY),
    ("UploadPartCopy", at(B, Key="up", UploadId="up", PartNumber=1, CopySource=f"{B}/k", CopySourceRange="x"),
     "InvalidArgument", 400, "The x-amz-copy-source-range value must be of the form bytes=first-last"),
    ("UploadPartCopy", at(B, Key="up", UploadId="up", PartNumber=1, CopySource=f"{B}/k", CopySourceRange="bytes=0-4"),
     "InvalidArgument", 400, "Range specified is not valid for source object of size: 4"),
    ("UploadPartCopy", at(B, Key="up", UploadId="up", PartNumber=1, CopySource=f"{B}/k",
                          CopySourceRange=f"bytes=0-{'9' * 5000}"), "InvalidArgument", 400, "Range specified is not"),
    ("UploadPartCopy", at(B, Key="up", UploadId="up", PartNumber=1, CopySource=f"{B}/k", CopySourceIfNoneMatch="*"),
     "PreconditionFailed", 412, HELD),
    ("ListParts", at(B, Key="up", UploadId="up", MaxParts=-1), "InvalidArgument", 400, "Argument max-parts must be"),
    ("ListParts", at(B, Key="up", UploadId="up", PartNumberMarker=-1), "InvalidArgument", 400, "Argument part-number"),
    ("CompleteMultipartUpload", at(B, Key="up", UploadId="up"), "MalformedXML", 400, XML),
    *[("CompleteMultipartUpload", at(B, Key="up", UploadId="up", MultipartUpload={"Parts": parts}), code, 400, text)
      for parts, code, text in (
          ([{"PartNumber": 2, "ETag": "x"}, {"PartNumber": 1, "ETag": "x"}], "InvalidPartOrder",
           "The list of parts was not in ascending order. Parts must be ordered by part number."),
          ([{"PartNumber": 3, "ETag": "x"}], "InvalidPart", "One or more of the specified parts could not be found."),
          ([{"PartNumber": 1, "ETag": "x"}], "InvalidPart", "One or more of the specified parts could not be found."),
          ([{"PartNumber": 1, "ETag": "one"}, {"PartNumber": 2, "ETag": "two"}], "EntityTooSmall",
           "Your proposed upload is smaller than the minimum allowed size"),
          ([{"PartNumber": 10_001, "ETag": "x"}], "InvalidArgument", PART_RANGE),
      )],
    ("CompleteMultipartUpload", at(B, Key="up", UploadId="up", MpuObjectSize=9, MultipartUpload={"Parts": [
        {"PartNumber": 1, "ETag": "one"}]}), "InvalidRequest", 400, "The provided 'x-amz-mp-object-size' header value"),
    ("CompleteMultipartUpload", at(B, Key="up", UploadId="up", IfNoneMatch="x", MultipartUpload={"Parts": [
        {"PartNumber": 1, "ETag": "one"}]}), "NotImplemented", 501, UNREAL),
]  # fmt: skip


@pytest.fixture(scope="module")
def prepared() -> Iterator[Prepared]:
    found = Prepared()
    yield found
    found.cloud.close()


@pytest.mark.parametrize(
    ("operation", "params", "code", "status", "text"),
    CASES,
    ids=[f"{case[0]}-{case[2]}-{number}" for number, case in enumerate(CASES)],
)
def test_what_is_refused(
    prepared: Prepared, operation: str, params: dict[str, Any], code: str, status: int, text: str
) -> None:
    error = refusal(prepared, operation, params)
    assert (error.code, status_of(operation, error)) == (code, status), error
    assert text in error.message


def test_the_parts_of_a_deletion_are_refused_one_by_one(prepared: Prepared) -> None:
    rows = [{"Key": "k" * 1025}, {"Key": "a\x00b"}, {"Key": "k", "ETag": "x"}, {"Key": "k", "VersionId": "x"}]
    answer = prepared.call("DeleteObjects", {"Bucket": B, "Delete": {"Objects": rows}})
    found = [row["Code"] for row in answer["Errors"]]
    assert found == ["KeyTooLongError", "InvalidArgument", "PreconditionFailed", "InvalidArgument"]
    answer = prepared.call("DeleteObjects", {"Bucket": B, "Delete": {"Objects": [{"Key": "k"}]}}, STRANGER)
    assert [(row["Code"], row["Message"]) for row in answer["Errors"]] == [("AccessDenied", "Access Denied")]
    assert refusal(prepared, "ListBuckets", {}, NOBODY).code == "AccessDenied"
    assert refusal(prepared, "CreateBucket", {"Bucket": "new"}, NOBODY).code == "AccessDenied"


def test_limits_are_accepted(prepared: Prepared) -> None:
    for params in (
        {"Key": "k" * 1024},
        {"Key": "m", "Metadata": {"k": "v" * 2047}},
        {"Key": "t", "Tagging": "&".join(f"k{n}=v" for n in range(10))},
    ):
        prepared.call("PutObject", {"Bucket": FULL, **params})
    prepared.call("PutBucketTagging", at(FULL, **tags(49, Key="k" * 128, Value="v" * 256)))
    prepared.call(
        "PutBucketCors", at(FULL, CORSConfiguration={"CORSRules": cors()["CORSConfiguration"]["CORSRules"] * 100})
    )
    prepared.call("PutBucketWebsite", at(FULL, **site(RoutingRules=[{"Redirect": {"HostName": "x"}}] * 50)))
    rules = [{**rule(Expiration={"Days": 1})["LifecycleConfiguration"]["Rules"][0], "ID": str(n)} for n in range(1000)]
    prepared.call("PutBucketLifecycleConfiguration", at(FULL, LifecycleConfiguration={"Rules": rules}))
    answer = prepared.call("DeleteObjects", at(FULL, Delete={"Objects": [{"Key": str(n)} for n in range(1000)]}))
    assert len(answer["Deleted"]) == 1000
    page = prepared.call("ListObjectsV2", at(FULL, MaxKeys=2**31 - 1))
    assert page["MaxKeys"] == 1000 and page["KeyCount"] == 3
    up = {"Bucket": B, "Key": "up", "UploadId": "up"}
    prepared.call("UploadPart", {**up, "PartNumber": 10_000, "Body": b"x"})
    last = prepared.call("ListParts", {**up, "PartNumberMarker": 2})["Parts"]
    assert [part["PartNumber"] for part in last] == [10_000]


def test_an_account_has_no_more_buckets_than_it_may(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    owned = len(prepared.call("ListBuckets", {})["Buckets"])
    monkeypatch.setattr(rules, "BUCKETS_MAX", owned + 1)
    prepared.call("CreateBucket", {"Bucket": "last-harbour"})
    error = refusal(prepared, "CreateBucket", {"Bucket": "new"})
    assert (error.code, status_of("CreateBucket", error)) == ("TooManyBuckets", 400)
    assert error.message == "You have attempted to create more buckets than allowed"
