"""Every error that the model has for operations of ECR: provoked, with its message, or excused, with the reason."""
# ruff: noqa: E501 (a table: a case to a line, with AWS's whole sentence)

from __future__ import annotations

from fogbank.testing import TestCloud, parity
from fogbank.testing.parity import Case

SERVICE = "ecr"
ARN = "arn:aws:ecr:us-east-1:000000000000:repository/"
NOWHERE = "The repository with name 'none' does not exist in the registry with id '000000000000'"
TAGS = [{"Key": f"k{number}", "Value": ""} for number in range(51)]


def _made(cloud: TestCloud) -> dict[str, str]:
    cloud.call("ecr", "CreateRepository", {"repositoryName": "teller"})
    kms = cloud.client("kms")
    key = kms("CreateKey")["KeyMetadata"]
    kms("DisableKey", KeyId=key["KeyId"])
    return {"DISABLED": key["Arn"]}


EXCUSED = {
    "ServerException": "of fogbank's own failures; faults can be set to",
    "ValidationException": "what the model does not allow is InvalidParameterException, as AWS sends it for repositories",
    "CreateRepository:LimitExceededException": "100,000 repositories",
    "DeleteRepository:RepositoryNotEmptyException": "no repository has an image: no registry is behind them",
    "DeleteRepository:KmsException": "no image is encrypted",
    "UntagResource:TooManyTagsException": "taking tags away never makes too many",
    "UntagResource:InvalidTagParameterException": "keys that are not there are passed over",
}

# fmt: off
CASES = [
    Case("CreateRepository", "InvalidParameterException", "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*''", {"repositoryName": "Teller"}),
    Case("CreateRepository", "InvalidParameterException", "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: 'filters stand with IMMUTABLE_WITH_EXCLUSION and MUTABLE_WITH_EXCLUSION, and with no other setting'", {"repositoryName": "new", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}),
    Case("CreateRepository", "InvalidParameterException", "Invalid parameter at 'encryptionConfiguration' failed to satisfy constraint: 'kmsKey stands with KMS and KMS_DSSE alone'", {"repositoryName": "new", "encryptionConfiguration": {"encryptionType": "AES256", "kmsKey": "x"}}),
    Case("CreateRepository", "RepositoryAlreadyExistsException", "The repository with name 'teller' already exists in the registry with id '000000000000'", {"repositoryName": "teller"}),
    Case("CreateRepository", "InvalidTagParameterException", "Invalid parameter at 'tags': aws:x begins with the reserved prefix aws:", {"repositoryName": "new", "tags": [{"Key": "aws:x", "Value": ""}]}),
    Case("CreateRepository", "InvalidTagParameterException", "Invalid parameter at 'tags': x stands more than once", {"repositoryName": "new", "tags": 2 * [{"Key": "x", "Value": ""}]}),
    Case("CreateRepository", "TooManyTagsException", "A repository can have at most 50 tags", {"repositoryName": "new", "tags": TAGS}),
    Case("CreateRepository", "KmsException", "Alias arn:aws:kms:us-east-1:000000000000:alias/none is not found.", {"repositoryName": "new", "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "alias/none"}}),
    Case("CreateRepository", "KmsException", "$DISABLED is Disabled", {"repositoryName": "new", "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "$DISABLED"}}),
    Case("DescribeRepositories", "RepositoryNotFoundException", NOWHERE, {"repositoryNames": ["teller", "none"]}),
    Case("DescribeRepositories", "InvalidParameterException", "Invalid parameter at 'repositoryNames' failed to satisfy constraint: 'nextToken and maxResults cannot be used with repositoryNames'", {"repositoryNames": ["teller"], "maxResults": 1}),
    Case("DescribeRepositories", "InvalidParameterException", "Invalid parameter at 'nextToken'", {"nextToken": "x"}),
    Case("DeleteRepository", "RepositoryNotFoundException", NOWHERE, {"repositoryName": "none"}),
    Case("DeleteRepository", "InvalidParameterException", "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length greater than or equal to 2'", {"repositoryName": "x"}),
    Case("PutImageTagMutability", "RepositoryNotFoundException", NOWHERE, {"repositoryName": "none", "imageTagMutability": "MUTABLE"}),
    Case("PutImageTagMutability", "InvalidParameterException", "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: 'filters stand with IMMUTABLE_WITH_EXCLUSION and MUTABLE_WITH_EXCLUSION, and with no other setting'", {"repositoryName": "teller", "imageTagMutability": "MUTABLE", "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a*"}]}),
    Case("PutImageScanningConfiguration", "RepositoryNotFoundException", NOWHERE, {"repositoryName": "none", "imageScanningConfiguration": {}}),
    Case("PutImageScanningConfiguration", "InvalidParameterException", "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length greater than or equal to 2'", {"repositoryName": "x", "imageScanningConfiguration": {}}),
    Case("TagResource", "InvalidParameterException", "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'", {"resourceArn": "arn:aws:sqs:us-east-1:000000000000:x", "tags": []}),
    Case("TagResource", "RepositoryNotFoundException", NOWHERE, {"resourceArn": f"{ARN}none", "tags": []}),
    Case("TagResource", "InvalidTagParameterException", "Invalid parameter at 'tags': AWS:x begins with the reserved prefix aws:", {"resourceArn": f"{ARN}teller", "tags": [{"Key": "AWS:x", "Value": ""}]}),
    Case("TagResource", "TooManyTagsException", "A repository can have at most 50 tags", {"resourceArn": f"{ARN}teller", "tags": TAGS}),
    Case("UntagResource", "InvalidParameterException", "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'", {"resourceArn": "x", "tagKeys": []}),
    Case("UntagResource", "RepositoryNotFoundException", NOWHERE, {"resourceArn": f"{ARN}none", "tagKeys": []}),
    Case("ListTagsForResource", "InvalidParameterException", "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'", {"resourceArn": "arn:aws:ecr:eu-west-1:000000000000:repository/teller"}),
    Case("ListTagsForResource", "RepositoryNotFoundException", NOWHERE, {"resourceArn": f"{ARN}none"}),
    Case("SetRepositoryPolicy", "InvalidParameterException", "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'", {"repositoryName": "teller", "policyText": "{}"}),
    Case("SetRepositoryPolicy", "InvalidParameterException", "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'", {"repositoryName": "teller", "policyText": "x"}),
    Case("SetRepositoryPolicy", "RepositoryNotFoundException", NOWHERE, {"repositoryName": "none", "policyText": "{}"}),
    Case("GetRepositoryPolicy", "RepositoryNotFoundException", NOWHERE, {"repositoryName": "none"}),
    Case("GetRepositoryPolicy", "RepositoryPolicyNotFoundException", "Repository policy does not exist for the repository with name 'teller' in the registry with id '000000000000'", {"repositoryName": "teller"}),
    Case("GetRepositoryPolicy", "InvalidParameterException", "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length greater than or equal to 2'", {"repositoryName": "x"}),
    Case("DeleteRepositoryPolicy", "RepositoryNotFoundException", NOWHERE, {"repositoryName": "none"}),
    Case("DeleteRepositoryPolicy", "RepositoryPolicyNotFoundException", "Repository policy does not exist for the repository with name 'teller' in the registry with id '000000000000'", {"repositoryName": "teller"}),
    Case("DeleteRepositoryPolicy", "InvalidParameterException", "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length greater than or equal to 2'", {"repositoryName": "x"}),
    Case("PutLifecyclePolicy", "InvalidParameterException", "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: the text is not JSON'", {"repositoryName": "teller", "lifecyclePolicyText": "x" * 100}),
    Case("PutLifecyclePolicy", "RepositoryNotFoundException", NOWHERE, {"repositoryName": "none", "lifecyclePolicyText": "x" * 100}),
    Case("GetLifecyclePolicy", "RepositoryNotFoundException", NOWHERE, {"repositoryName": "none"}),
    Case("GetLifecyclePolicy", "LifecyclePolicyNotFoundException", "Lifecycle policy does not exist for the repository with name 'teller' in the registry with id '000000000000'", {"repositoryName": "teller"}),
    Case("GetLifecyclePolicy", "InvalidParameterException", "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length greater than or equal to 2'", {"repositoryName": "x"}),
    Case("DeleteLifecyclePolicy", "RepositoryNotFoundException", NOWHERE, {"repositoryName": "none"}),
    Case("DeleteLifecyclePolicy", "LifecyclePolicyNotFoundException", "Lifecycle policy does not exist for the repository with name 'teller' in the registry with id '000000000000'", {"repositoryName": "teller"}),
    Case("DeleteLifecyclePolicy", "InvalidParameterException", "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length greater than or equal to 2'", {"repositoryName": "x"}),
    Case("DescribeImages", "RepositoryNotFoundException", NOWHERE, {"repositoryName": "none"}),
    Case("DescribeImages", "ImageNotFoundException", "The image with imageId {imageDigest:'null', imageTag:'latest'} does not exist within the repository with name 'teller' in the registry with id '000000000000'", {"repositoryName": "teller", "imageIds": [{"imageTag": "latest"}]}),
    Case("DescribeImages", "InvalidParameterException", "Invalid parameter at 'nextToken'", {"repositoryName": "teller", "nextToken": "x"}),
    Case("ListImages", "RepositoryNotFoundException", NOWHERE, {"repositoryName": "none"}),
    Case("ListImages", "InvalidParameterException", "Invalid parameter at 'nextToken'", {"repositoryName": "teller", "nextToken": "x"}),
]
# fmt: on

TestErrors = parity.refusals(SERVICE, CASES, EXCUSED, _made)
