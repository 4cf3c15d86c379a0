"""What IAM decides: limits, documents, tags, passwords, and where statements stand in a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple
from urllib.parse import quote

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Kind, MalformedPolicy, check
from fogbank.services.iam.resources import ManagedPolicy, PasswordPolicy

MANAGED_BYTES_MAX = 6144
TRUST_BYTES_MAX = 2048
INLINE_BYTES_MAX = {"user": 2048, "role": 10240, "group": 5120}
VERSIONS_MAX = 5
ATTACHED_MAX = 10
GROUPS_OF_USER_MAX = 10
ACCESS_KEYS_MAX = 2
SESSION_SECONDS_MIN, SESSION_SECONDS_MAX = 3600, 43200
CREDENTIALS_MAX = {"ssh": 5, "signing": 2, "service": 2}
REPORT_SECONDS = 4 * 3600.0

_RESERVED_TAG = re.compile("aws:", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{([^},]+?)\s*(?:,[^}]*)?\}")
_STATEMENT = re.compile(r'"Statement"\s*:\s*')
_GAP = re.compile(r"[\s,]*")
_SYMBOLS = set("!@#$%^&*()_+-=[]{}|'")


class Place(NamedTuple):
    """Where a statement stands in a document: line and column from 1, of its start and of its end."""

    start: tuple[int, int]
    end: tuple[int, int]


def encoded(document: str) -> str:
    """A document as IAM's answers have it: percent-encoded by RFC 3986."""
    return quote(document, safe="")


def size_of(document: str) -> int:
    """The characters of a document that count for its limit ("IAM doesn't count white space")."""
    return sum(1 for letter in document if not letter.isspace())


def check_document(document: str, kind: Kind, partition: str) -> None:
    """Raises MalformedPolicyDocument, and LimitExceeded for a managed or trust policy that is too long."""
    try:
        check(document, kind, partition=partition)
    except MalformedPolicy as error:
        raise AwsError("MalformedPolicyDocument", str(error)) from None
    if kind == "managed" and size_of(document) > MANAGED_BYTES_MAX:
        raise limit_exceeded("PolicySize", MANAGED_BYTES_MAX)
    if kind == "trust" and size_of(document) > TRUST_BYTES_MAX:
        raise limit_exceeded("ACLSizePerRole", TRUST_BYTES_MAX)


def check_inline(word: str, name: str, documents: Iterable[str]) -> None:
    """Raises LimitExceeded where a user, role or group has more inline policy than it may."""
    most = INLINE_BYTES_MAX[word]
    if sum(map(size_of, documents)) > most:
        raise AwsError("LimitExceeded", f"Maximum policy size of {most} bytes exceeded for {word} {name}")


def limit_exceeded(quota: str, most: int) -> AwsError:
    return AwsError("LimitExceeded", f"Cannot exceed quota for {quota}: {most}")


def principals_of(trust: str) -> list[str]:
    """The names below `AWS` of the Principal elements of a document that has been checked."""
    found: list[str] = []
    for statement in statements_of(trust):
        principal = statement.get("Principal")
        if isinstance(principal, dict):
            found += texts(principal.get("AWS", []))
    return found


def with_principals(trust: str, names: Mapping[str, str]) -> str:
    """A checked document with other names below the `AWS` of its Principal elements."""
    body = json.loads(trust)
    found = body["Statement"]
    for statement in found if isinstance(found, list) else [found]:
        principal = statement.get("Principal")
        if isinstance(principal, dict) and "AWS" in principal:
            called = [names.get(name, name) for name in texts(principal["AWS"])]
            principal["AWS"] = called[0] if isinstance(principal["AWS"], str) else called
    return json.dumps(body)


def statements_of(document: str) -> list[dict[str, Any]]:
    body = json.loads(document)["Statement"]
    return body if isinstance(body, list) else [body]


def texts(value: Any) -> list[str]:
    """One or a list, as a list."""
    return value if isinstance(value, list) else [value]


def tagged(current: Mapping[str, str], added: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags with more of them. Their keys are one whatever their case (IAM User Guide, "Tag naming conventions")."""
    lower = [tag["Key"].lower() for tag in added or ()]
    if len(set(lower)) != len(lower):
        text = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        raise AwsError("InvalidInput", text)
    if any(_RESERVED_TAG.match(key) for key in lower):
        raise AwsError("InvalidInput", "Tag keys starting with 'aws:' are reserved for system use.")
    found = {key: value for key, value in current.items() if key.lower() not in lower} | tags.read(added)
    if len(found) > tags.TAGS_MAX:
        raise AwsError("LimitExceeded", f"The number of tags has reached the maximum limit of {tags.TAGS_MAX}.")
    return found


def untagged(current: Mapping[str, str], keys: Sequence[str]) -> dict[str, str]:
    gone = {key.lower() for key in keys}
    return {key: value for key, value in current.items() if key.lower() not in gone}


def check_session_seconds(seconds: int) -> int:
    """How long sessions of a role may be."""
    if not SESSION_SECONDS_MIN <= seconds <= SESSION_SECONDS_MAX:
        text = f"MaxSessionDuration must be between {SESSION_SECONDS_MIN} and {SESSION_SECONDS_MAX} seconds."
        raise AwsError("ValidationError", text)
    return seconds


def version_number(policy: ManagedPolicy, version_id: str) -> int | None:
    """The number of a version that the policy has, or None."""
    number = version_id.removeprefix("v").partition(".")[0]
    known = {version.number for version in policy.versions}
    return int(number) if number.isdigit() and int(number) in known else None


def check_password(password: str, policy: PasswordPolicy) -> None:
    """Raises PasswordPolicyViolation with AWS's text for the first rule that a password breaks."""
    wants = (
        (len(password) < policy.length_min, f"Password should have a minimum length of {policy.length_min}"),
        (policy.symbols and not _SYMBOLS & set(password), "Password should have at least one symbol"),
        (policy.numbers and not any(map(str.isdigit, password)), "Password should have at least one number"),
        (
            policy.uppercase and not any(map(str.isupper, password)),
            "Password should have at least one uppercase letter",
        ),
        (
            policy.lowercase and not any(map(str.islower, password)),
            "Password should have at least one lowercase letter",
        ),
    )
    for broken, text in wants:
        if broken:
            raise AwsError("PasswordPolicyViolation", text)


def places_of(document: str) -> list[Place]:
    """Where the statements of a document stand, in their order."""
    found = _STATEMENT.search(document)
    if found is None:
        return []
    decoder, at, places = json.JSONDecoder(), found.end(), []
    is_list = document[at] == "["
    at = _past_gap(document, at + is_list)
    while document[at] == "{":
        _, end = decoder.raw_decode(document, at)
        # AWS counts from 1, and tells the places past both brackets (the CLI's examples of simulate-custom-policy).
        places.append(Place(_place(document, at + 1), _place(document, end)))
        if not is_list:
            break
        at = _past_gap(document, end)
    return places


def context_keys_of(documents: Iterable[str]) -> list[str]:
    """The condition keys that documents ask for, as variables and in conditions, in the order in which they do."""
    found: dict[str, str] = {}
    for document in documents:
        for statement in statements_of(document):
            for key in _keys_of(statement):
                found.setdefault(key.lower(), key)
    return list(found.values())


def grants_access(document: str, service: str) -> bool:
    """Whether a document allows some action of a service."""
    for statement in statements_of(document):
        if statement["Effect"] != "Allow":
            continue
        if "NotAction" in statement:
            return True
        for action in texts(statement["Action"]):
            vendor = action.partition(":")[0].lower()
            if action == "*" or fnmatchcase(service, vendor):
                return True
    return False


def service_role_name(service: str, suffix: str | None) -> str:
    """The name of a service-linked role: `AWSServiceRoleForAutoScaling` for `autoscaling.amazonaws.com`."""
    words = service.removesuffix(".cn").removesuffix(".amazonaws.com").split(".")
    known = _SERVICE_ROLES.get(".".join(words))
    name = known or "".join(re.sub(r"[^A-Za-z0-9]", "", word).capitalize() for word in reversed(words))
    return f"AWSServiceRoleFor{name}" + (f"_{suffix}" if suffix else "")


_SERVICE_ROLES = {
    "autoscaling": "AutoScaling",
    "elasticloadbalancing": "ElasticLoadBalancing",
    "ecs": "ECS",
    "eks": "AmazonEKS",
    "eks-nodegroup": "AmazonEKSNodegroup",
    "rds": "RDS",
    "elasticache": "ElastiCache",
    "spot": "EC2Spot",
    "spotfleet": "EC2SpotFleet",
    "ec2fleet": "EC2Fleet",
    "ops.apigateway": "APIGateway",
    "organizations": "Organizations",
    "support": "Support",
    "trustedadvisor": "TrustedAdvisor",
    "ssm": "AmazonSSM",
    "replication.dynamodb": "DynamoDBReplication",
    "ecs.application-autoscaling": "ApplicationAutoScaling_ECSService",
    "dynamodb.application-autoscaling": "ApplicationAutoScaling_DynamoDBTable",
    "rds.application-autoscaling": "ApplicationAutoScaling_RDSCluster",
    "route53resolver": "Route53Resolver",
    "transitgateway": "VPCTransitGateway",
    "mq": "AmazonMQ",
    "fis": "FIS",
    "kafka": "Kafka",
    "es": "AmazonElasticsearchService",
    "opensearchservice": "AmazonOpenSearchService",
    "sso": "SSO",
    "guardduty": "AmazonGuardDuty",
    "config": "Config",
    "cloudtrail": "CloudTrail",
    "lambda": "Lambda",
    "globalaccelerator": "GlobalAccelerator",
    "backup": "Backup",
    "events": "CloudWatchEvents",
}


def _keys_of(statement: Mapping[str, Any]) -> Iterator[str]:
    for name in ("Resource", "NotResource"):
        yield from _VARIABLE.findall(json.dumps(statement.get(name, "")))
    for tests in statement.get("Condition", {}).values():
        yield from tests
        yield from _VARIABLE.findall(json.dumps(tests))


def _past_gap(document: str, at: int) -> int:
    found = _GAP.match(document, at)
    return found.end() if found else at


def _place(document: str, at: int) -> tuple[int, int]:
    before = document[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
