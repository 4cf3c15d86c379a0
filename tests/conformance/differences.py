"""Where fogbank and botocore differ knowingly, by service and operation (`*` for all), with the reason."""

from __future__ import annotations

Known = dict[tuple[str, str], str]


def _each(service: str, names: str, reason: str) -> Known:
    return {(service, name): reason for name in names.split()}


_EVENTS = "the deprecated shape calls one list both Event (an element, old) and Events (flattened, new)"
_SUCCESSOR = "has the URI of its successor, which is what clients mean"
_TAGS = "ListTagsForResource TagResource UntagResource"

REQUESTS: Known = {("s3", "PutBucketNotification"): _EVENTS}

RESPONSES: Known = {
    ("s3", "GetBucketNotification"): _EVENTS,
    ("s3", "GetBucketLocation"): "answers one bare element, which botocore reads in a hook and not in its parser",
    ("dataexchange", "SendApiAsset"): "models all headers of the response as one map, our own among them",
}

ROUTES: Known = {
    ("s3", "GetBucketLifecycle"): _SUCCESSOR,
    ("s3", "GetBucketNotification"): _SUCCESSOR,
    ("s3", "PutBucketLifecycle"): _SUCCESSOR,
    ("s3", "PutBucketNotification"): _SUCCESSOR,
    ("s3", "ListDirectoryBuckets"): "is ListBuckets on another host",
}

# Services that share a signing name and a path: only their hosts differ, and the host here is localhost.
DETECTION: Known = {
    **ROUTES,
    ("docdb", "*"): "speaks rds's API under rds's name, and is told by the Engine parameter",
    ("neptune", "*"): "speaks rds's API under rds's name, and is told by the Engine parameter",
    ("wisdom", "*"): "is the old name of qconnect",
    **_each("s3control", "CreateBucket", "of Outposts comes without the account header that tells s3control from s3"),
    **_each("bedrock-agent-runtime", f"InvokeInlineAgent {_TAGS}", "shares its paths with bedrock-agent"),
    **_each("bedrock-data-automation", _TAGS, "shares its paths with bedrock"),
    **_each("chime-sdk-media-pipelines", _TAGS, "shares its paths with chime-sdk-identity"),
    **_each("chime-sdk-meetings", _TAGS, "shares its paths with chime-sdk-identity"),
    **_each("chime-sdk-messaging", _TAGS, "shares its paths with chime-sdk-identity"),
    ("chime-sdk-voice", "*"): "took over paths of chime, which is deprecated",
    ("greengrassv2", "*"): "shares paths with greengrass",
    **_each("ivs-realtime", _TAGS, "shares its paths with ivs"),
    **_each("lambda-microvms", "ListTags TagResource UntagResource", "shares its paths with lambda"),
    ("lexv2-models", "*"): "shares paths with lex-models",
    **_each("signer-data", "GetRevocationStatus", "shares its path with signer"),
    ("sms-voice", "*"): "is an old name of pinpoint-sms-voice",
    **_each(
        "timestream-write",
        f"DescribeEndpoints {_TAGS}",
        "shares its target prefix and these names with timestream-query",
    ),
}

ERRORS: Known = {}
