"""Templates at an address of S3, and stacks nested in others by it."""

from __future__ import annotations

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.cloudformation.test_stacks import PAIR, Stacks
from fogbank.testing import TestCloud

AT = "https://templates.s3.us-east-1.amazonaws.com/pair.yaml"
PARENT = f"""
Parameters:
  Word: {{Type: String, Default: hello}}
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties: {{TemplateURL: '{AT}', Parameters: {{Greeting: !Ref Word}}}}
  Told:
    Type: AWS::SSM::Parameter
    Properties: {{Name: /told, Type: String, Value: !GetAtt Inner.Outputs.Said}}
Outputs:
  Inner: {{Value: !Ref Inner}}
"""
WRONG = """
  Wrong:
    Type: AWS::SSM::Parameter
    DependsOn: Told
    Properties: {Name: /aws/forbidden, Type: String, Value: x}
Outputs:"""


class Nests(Stacks):
    """Stacks whose inner ones are waited for too."""

    def settle(self) -> None:
        for _ in range(100):
            super().settle()
            if not any(
                one["StackStatus"].endswith("_IN_PROGRESS") for one in self.call("ListStacks")["StackSummaries"]
            ):
                return
            self.cloud.advance(1)
        raise AssertionError("it hangs")


@pytest.fixture
def nests(cloud: TestCloud) -> Nests:
    cloud.call("s3", "CreateBucket", {"Bucket": "templates"})
    cloud.call("s3", "PutObject", {"Bucket": "templates", "Key": "pair.yaml", "Body": PAIR.encode()})
    return Nests(cloud)


@pytest.mark.parametrize(
    "address", [AT, "https://s3.amazonaws.com/templates/pair.yaml", "http://127.0.0.1:4566/templates/pair.yaml"]
)
def test_a_template_is_read_from_its_address(nests: Nests, address: str) -> None:
    nests.call("CreateStack", StackName="shop", TemplateURL=address)
    nests.settle()
    assert nests.status() == "CREATE_COMPLETE"
    assert nests.call("ValidateTemplate", TemplateURL=address)["Parameters"][0]["ParameterKey"] == "Greeting"
    with pytest.raises(AwsError, match="No updates are to be performed"):
        nests.call("UpdateStack", StackName="shop", TemplateURL=address)


def test_a_template_that_is_not_there(nests: Nests) -> None:
    with pytest.raises(AwsError, match="S3 error: The specified key does not exist") as caught:
        nests.call("CreateStack", StackName="shop", TemplateURL=f"{AT}x")
    assert caught.value.code == "ValidationError"


def test_a_nested_stack_lives_with_its_parent(nests: Nests) -> None:
    nests.create(PARENT)
    assert nests.status() == "CREATE_COMPLETE", nests.events()
    inner = nests.one()["Outputs"][0]["OutputValue"]
    assert nests.status(inner) == "CREATE_COMPLETE"
    assert nests.value("/told") == "/first says hello"
    nests.update(PARENT, Parameters=[{"ParameterKey": "Word", "ParameterValue": "hi"}])
    assert (nests.status(), nests.value("/told")) == ("UPDATE_COMPLETE", "/first says hi")
    assert nests.one()["Outputs"][0]["OutputValue"] == inner
    nests.update(
        PARENT.replace("Outputs:", WRONG.lstrip("\n")), Parameters=[{"ParameterKey": "Word", "ParameterValue": "hey"}]
    )
    assert (nests.status(), nests.value("/told")) == ("UPDATE_ROLLBACK_COMPLETE", "/first says hi")
    nests.delete()
    assert nests.parameters() == {}
    assert nests.call("DescribeStacks")["Stacks"] == []


def test_an_inner_failure_is_the_parents(nests: Nests) -> None:
    nests.cloud.call("ssm", "PutParameter", {"Name": "/first", "Type": "String", "Value": "taken"})
    nests.create(PARENT)
    assert nests.status() == "ROLLBACK_COMPLETE"
    assert nests.parameters() == {"/first": "taken"}
