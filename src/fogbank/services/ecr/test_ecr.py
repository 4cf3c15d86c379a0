"""Repositories through the API: made, changed, listed, shared, encrypted, and parts of a stack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control import caller as callers
from fogbank.control.caller import Caller
from fogbank.testing import TestCloud

EXPIRES = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 365,
            },
            "action": {"type": "expire"},
        }
    ]
}
OTHER = "222222222222"


def test_a_repository_is_what_it_was_made_as(cloud: TestCloud) -> None:
    ecr = cloud.client("ecr")
    made = ecr(
        "CreateRepository",
        repositoryName="tides/teller",
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest*"}],
        imageScanningConfiguration={"scanOnPush": True},
        tags=[{"Key": "team", "Value": "sea"}],
    )["repository"]
    assert made == {
        "repositoryArn": "arn:aws:ecr:us-east-1:000000000000:repository/tides/teller",
        "registryId": "000000000000",
        "repositoryName": "tides/teller",
        "repositoryUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/tides/teller",
        "createdAt": made["createdAt"],
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest*"}],
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }
    assert ecr("DescribeRepositories", repositoryNames=["tides/teller"])["repositories"] == [made]
    ecr("PutImageTagMutability", repositoryName="tides/teller", imageTagMutability="MUTABLE")
    ecr("PutImageScanningConfiguration", repositoryName="tides/teller", imageScanningConfiguration={})
    (found,) = ecr("DescribeRepositories")["repositories"]
    assert found["imageTagMutability"] == "MUTABLE" and "imageTagMutabilityExclusionFilters" not in found
    assert found["imageScanningConfiguration"] == {"scanOnPush": False}
    ecr("DeleteRepository", repositoryName="tides/teller")
    assert ecr("DescribeRepositories")["repositories"] == []


def test_pages(cloud: TestCloud) -> None:
    ecr = cloud.client("ecr")
    for number in range(7):
        ecr("CreateRepository", repositoryName=f"r{number}")
    names, token = [], {}
    for _ in range(3):
        found = ecr("DescribeRepositories", maxResults=3, **token)
        names.append([one["repositoryName"] for one in found["repositories"]])
        token = {"nextToken": found["nextToken"]} if "nextToken" in found else {}
    assert names == [["r0", "r1", "r2"], ["r3", "r4", "r5"], ["r6"]] and not token


def test_tags(cloud: TestCloud) -> None:
    ecr = cloud.client("ecr")
    arn = ecr("CreateRepository", repositoryName="teller")["repository"]["repositoryArn"]
    ecr("TagResource", resourceArn=arn, tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ecr("UntagResource", resourceArn=arn, tagKeys=["a"])
    assert ecr("ListTagsForResource", resourceArn=arn)["tags"] == [{"Key": "b", "Value": "2"}]


def test_a_lifecycle_policy_is_kept_until_it_is_deleted(cloud: TestCloud) -> None:
    ecr = cloud.client("ecr")
    ecr("CreateRepository", repositoryName="teller")
    ecr("PutLifecyclePolicy", repositoryName="teller", lifecyclePolicyText=json.dumps(EXPIRES, indent=4))
    found = ecr("GetLifecyclePolicy", repositoryName="teller")
    assert json.loads(found["lifecyclePolicyText"]) == EXPIRES
    ecr("DeleteLifecyclePolicy", repositoryName="teller")
    with pytest.raises(AwsError, match="LifecyclePolicyNotFoundException"):
        ecr("GetLifecyclePolicy", repositoryName="teller")


def _lifecycle(**changes: Any) -> dict[str, Any]:
    rule = EXPIRES["rules"][0]
    selection = {**rule["selection"], **changes.pop("selection", {})}  # type: ignore[dict-item]
    selection = {name: value for name, value in selection.items() if value is not None}
    return {"rules": [{**rule, "selection": selection, **changes}]}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "a list of 1 to 50"),
        ({"rules": []}, "a list of 1 to 50"),
        ({"rules": [1]}, "a rule has the members"),
        (_lifecycle(more=1), "a rule has the members"),
        (_lifecycle(rulePriority=0), "rulePriority is an integer"),
        (_lifecycle(rulePriority=True), "rulePriority is an integer"),
        (_lifecycle(description=1), "description is a string"),
        (_lifecycle(action={"type": "keep"}), "action is expire"),
        (_lifecycle(action={"type": "transition"}), "action is expire"),
        (_lifecycle(selection={"tagStatus": "some"}), "tagStatus is one of"),
        (_lifecycle(selection={"tagStatus": "tagged"}), "either tagPrefixList or tagPatternList"),
        (_lifecycle(selection={"tagPrefixList": ["a"]}), "either tagPrefixList or tagPatternList"),
        (_lifecycle(selection={"tagStatus": "tagged", "tagPrefixList": []}), "are lists of strings"),
        (_lifecycle(selection={"tagStatus": "tagged", "tagPatternList": ["*****"]}), "at most 4 wildcards"),
        (_lifecycle(selection={"countType": "age"}), "countType is one of"),
        (_lifecycle(selection={"countUnit": None}), "countUnit is days"),
        (_lifecycle(selection={"countType": "imageCountMoreThan"}), "stands with no other"),
        (_lifecycle(selection={"countNumber": 0}), "countNumber is an integer"),
        ({"rules": 2 * EXPIRES["rules"]}, "may stand once"),
        (
            {
                "rules": [
                    *_lifecycle(selection={"tagStatus": "any"})["rules"],
                    *_lifecycle(rulePriority=2)["rules"],
                ]
            },
            "has the highest rulePriority",
        ),
    ],
)
def test_a_lifecycle_policy_that_is_none(cloud: TestCloud, document: dict[str, Any], why: str) -> None:
    ecr = cloud.client("ecr")
    ecr("CreateRepository", repositoryName="teller")
    with pytest.raises(AwsError, match="InvalidParameterException: .*" + why):
        ecr("PutLifecyclePolicy", repositoryName="teller", lifecyclePolicyText=json.dumps(document).ljust(100))


def test_another_account_may_what_a_repositorys_policy_lets_it(cloud: TestCloud) -> None:
    ecr = cloud.client("ecr")
    ecr("CreateRepository", repositoryName="teller")
    theirs = cloud.client("ecr", caller=callers.root(OTHER))
    asked = {"registryId": "000000000000", "repositoryName": "teller"}
    with pytest.raises(AwsError, match="AccessDeniedException"):
        theirs("ListImages", **asked)
    statement = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "ecr:ListImages"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ecr("SetRepositoryPolicy", repositoryName="teller", policyText=text)
    assert ecr("GetRepositoryPolicy", repositoryName="teller")["policyText"] == text
    assert theirs("ListImages", **asked) == {"imageIds": []}
    with pytest.raises(AwsError, match="AccessDeniedException"):
        theirs("DescribeImages", **asked)
    ecr("DeleteRepositoryPolicy", repositoryName="teller")
    with pytest.raises(AwsError, match="AccessDeniedException"):
        theirs("ListImages", **asked)


def test_a_user_needs_a_permission_on_the_repository(cloud: TestCloud) -> None:
    cloud.call("ecr", "CreateRepository", {"repositoryName": "mine"})
    cloud.call("ecr", "CreateRepository", {"repositoryName": "theirs"})
    statement = {"Effect": "Allow", "Action": "ecr:*", "Resource": "arn:aws:ecr:*:*:repository/mine"}
    iam = cloud.client("iam")
    made = iam("CreateUser", UserName="ann")["User"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam("PutUserPolicy", UserName="ann", PolicyName="own", PolicyDocument=document)
    principal = Principal(arn=made["Arn"], account="000000000000", kind="user", user_id=made["UserId"])
    ann = cloud.client("ecr", caller=Caller(principal=principal, enforced=True))
    assert ann("DescribeImages", repositoryName="mine") == {"imageDetails": []}
    for refused in ({"repositoryNames": ["mine", "theirs"]}, {}):
        with pytest.raises(AwsError, match="AccessDeniedException"):
            ann("DescribeRepositories", **refused)


def test_what_is_encrypted_by_kms_names_the_key(cloud: TestCloud) -> None:
    ecr, kms = cloud.client("ecr"), cloud.client("kms")
    own = kms("CreateKey")["KeyMetadata"]
    for name, more, wanted in (
        ("own", {"kmsKey": own["KeyId"]}, own["Arn"]),
        ("aws", {}, None),
    ):
        encryption = {"encryptionType": "KMS", **more}
        made = ecr("CreateRepository", repositoryName=name, encryptionConfiguration=encryption)["repository"]
        wanted = wanted or kms("DescribeKey", KeyId="alias/aws/ecr")["KeyMetadata"]["Arn"]
        assert made["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": wanted}


TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Images": {
            "Type": "AWS::ECR::Repository",
            "Properties": {
                "ImageTagMutability": "IMMUTABLE",
                "ImageScanningConfiguration": {"ScanOnPush": True},
                "LifecyclePolicy": {"LifecyclePolicyText": json.dumps(EXPIRES)},
                "RepositoryPolicyText": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "ecr:ListImages"},
                    ],
                },
                "Tags": [{"Key": "team", "Value": "sea"}],
            },
        }
    },
    "Outputs": {
        "Name": {"Value": {"Ref": "Images"}},
        "Arn": {"Value": {"Fn::GetAtt": ["Images", "Arn"]}},
        "Uri": {"Value": {"Fn::GetAtt": ["Images", "RepositoryUri"]}},
    },
}


def test_a_stack_makes_changes_and_deletes_a_repository(cloud: TestCloud) -> None:
    stacks, ecr = cloud.client("cloudformation"), cloud.client("ecr")

    def outputs() -> dict[str, str]:
        cloud.run(cloud.cloud.settled())
        (stack,) = stacks("DescribeStacks", StackName="s")["Stacks"]
        assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), stack
        return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}

    stacks("CreateStack", StackName="s", TemplateBody=json.dumps(TEMPLATE))
    told = outputs()
    (found,) = ecr("DescribeRepositories")["repositories"]
    shown = [found[name] for name in ("repositoryName", "repositoryArn", "repositoryUri")]
    assert shown == [told["Name"], told["Arn"], told["Uri"]]
    assert (found["imageTagMutability"], found["imageScanningConfiguration"]) == ("IMMUTABLE", {"scanOnPush": True})
    assert ecr("ListTagsForResource", resourceArn=told["Arn"])["tags"] == [{"Key": "team", "Value": "sea"}]
    assert OTHER in ecr("GetRepositoryPolicy", repositoryName=told["Name"])["policyText"]

    changed = json.loads(json.dumps(TEMPLATE))
    properties = changed["Resources"]["Images"]["Properties"]
    del properties["RepositoryPolicyText"], properties["ImageScanningConfiguration"]
    properties |= {"ImageTagMutability": "MUTABLE", "Tags": [{"Key": "team", "Value": "land"}]}
    stacks("UpdateStack", StackName="s", TemplateBody=json.dumps(changed))
    assert outputs() == told
    (after,) = ecr("DescribeRepositories")["repositories"]
    assert (after["imageTagMutability"], after["imageScanningConfiguration"]) == ("MUTABLE", {"scanOnPush": False})
    assert ecr("ListTagsForResource", resourceArn=told["Arn"])["tags"] == [{"Key": "team", "Value": "land"}]
    with pytest.raises(AwsError, match="RepositoryPolicyNotFoundException"):
        ecr("GetRepositoryPolicy", repositoryName=told["Name"])
    stacks("DeleteStack", StackName="s")
    cloud.run(cloud.cloud.settled())
    assert ecr("DescribeRepositories")["repositories"] == []
