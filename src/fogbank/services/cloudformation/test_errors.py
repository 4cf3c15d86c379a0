"""Every error that the model has for operations of CloudFormation: provoked, with its message, or excused."""
# ruff: noqa: E501 (a table: a case to a line, with AWS's whole sentence)

from __future__ import annotations

import json
from typing import Any

from fogbank.testing import TestCloud, parity
from fogbank.testing.parity import Case

SERVICE = "cloudformation"
HANDLE = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
NAMED = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}, "RoleName": "r"}}
ABSENT = "Stack with id none does not exist"
DECLARED = "Invalid input for parameter key X. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
PREVIOUS = [{"ParameterKey": "X", "UsePreviousValue": True}]
TOKEN = "The token is not valid."
UNNAMED = "StackName must be specified if ChangeSetName is not specified as an ARN."
NO_TEMPLATE = "Either Template URL or Template Body must be specified."
NO_RESOURCES = "Template format error: At least one Resources member must be defined."


def resources(**found: Any) -> str:
    return json.dumps({"Resources": found})


def more(**sections: Any) -> str:
    """A template that is right, with sections that may be wrong."""
    return json.dumps({"Resources": {"A": HANDLE}, **sections})


def parameter(value: Any, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Name": "/p", "Value": value, **properties}}


def given(value: str, **declared: Any) -> dict[str, Any]:
    """A request for a stack whose one parameter is given a value."""
    body = more(Parameters={"X": {"Type": "String", **declared}})
    return {"StackName": "new", "TemplateBody": body, "Parameters": [{"ParameterKey": "X", "ParameterValue": value}]}


def new(body: str, **also: Any) -> dict[str, Any]:
    return {"StackName": "new", "TemplateBody": body, **also}


PLAIN = resources(A=HANDLE)


def _made(cloud: TestCloud) -> dict[str, str]:
    stacks = cloud.client("cloudformation")

    def settle() -> None:
        cloud.run(cloud.cloud.settled())

    stacks("CreateStack", StackName="there", TemplateBody=resources(A=parameter("x")))
    stacks("CreateStack", StackName="kept", TemplateBody=PLAIN, EnableTerminationProtection=True)
    settle()
    broken = stacks("CreateStack", StackName="broken", TemplateBody=resources(A=parameter("x")))["StackId"]
    exported = {name: {"Value": "1", "Export": {"Name": name}} for name in ("used", "lonely")}
    stacks("CreateStack", StackName="exports", TemplateBody=more(Outputs=exported))
    settle()
    imported = parameter({"Fn::ImportValue": "used"}, Name="/q")
    stacks("CreateStack", StackName="imports", TemplateBody=resources(A=imported))
    settle()
    stacks("CreateChangeSet", StackName="there", ChangeSetName="good", TemplateBody=resources(A=parameter("y")))
    empty = stacks(
        "CreateChangeSet", StackName="there", ChangeSetName="empty", TemplateBody=resources(A=parameter("x"))
    )
    settle()
    return {"BROKEN": broken, "EMPTY": empty["Id"], "LONG": "x" * 51_201}


EXCUSED = {
    "LimitExceededException": "no number of stacks is too many; templates have limits of their own",
    "TokenAlreadyExistsException": "a token that is used again belongs to the same request, or is not remembered any more",
    "ExecuteChangeSet:InsufficientCapabilitiesException": "they are asked for when the change set is made",
    "DeleteChangeSet:InvalidChangeSetStatusException": "for as long as its template is being transformed",
    "GetTemplateSummary:StackSetNotFoundException": "there are no stack sets",
}

# fmt: off
CASES = [
    Case("CreateStack", "AlreadyExistsException", "Stack [there] already exists", {"StackName": "there", "TemplateBody": PLAIN}),
    Case("CreateStack", "ValidationError", "1 validation error detected: Value 'a_b' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", {"StackName": "a_b", "TemplateBody": PLAIN}),
    Case("CreateStack", "ValidationError", NO_TEMPLATE, {"StackName": "new"}),
    Case("CreateStack", "ValidationError", "Template format error: YAML not well-formed. (line 1, column 5)", new("a: b: c")),
    Case("CreateStack", "ValidationError", "Template format error: unsupported structure.", new("- 1")),
    Case("CreateStack", "ValidationError", "Template format error: unsupported structure.", new("./template.yaml")),
    Case("CreateStack", "ValidationError", "Invalid template property or properties [Nonsense]", new(more(Nonsense=1))),
    Case("CreateStack", "ValidationError", NO_RESOURCES, new("{}")),
    Case("CreateStack", "ValidationError", NO_RESOURCES, new(more(Resources={}))),
    Case("CreateStack", "ValidationError", "Template format error: Resource name A_ is non alphanumeric.", new(resources(A_=HANDLE))),
    Case("CreateStack", "ValidationError", "Template format error: [/Resources/A] Every Resources object must contain a Type member.", new(resources(A={}))),
    Case("CreateStack", "ValidationError", "Invalid template resource property 'X'", new(resources(A={**HANDLE, "X": 1}))),
    Case("CreateStack", "ValidationError", "Template format error: Unresolved condition dependency C in the Resources block of the template", new(resources(A={**HANDLE, "Condition": "C"}))),
    Case("CreateStack", "ValidationError", "Template format error: Unrecognized DeletionPolicy x for resource A", new(resources(A={**HANDLE, "DeletionPolicy": "x"}))),
    Case("CreateStack", "ValidationError", "Template format error: Unrecognized resource types: [AWS::X::Y]", new(resources(A={"Type": "AWS::X::Y"}))),
    Case("CreateStack", "ValidationError", "Template format error: Unresolved resource dependencies [B] in the Resources block of the template", new(resources(A={**HANDLE, "DependsOn": "B"}))),
    Case("CreateStack", "ValidationError", "Template format error: Unresolved resource dependencies [B] in the Resources block of the template", new(resources(A=parameter({"Ref": "B"})))),
    Case("CreateStack", "ValidationError", "Template format error: Unresolved resource dependencies [B] in the Resources block of the template", new(resources(A=parameter({"Fn::Sub": "${B}"})))),
    Case("CreateStack", "ValidationError", "Circular dependency between resources: [A, B]", new(resources(A={**HANDLE, "DependsOn": "B"}, B={**HANDLE, "DependsOn": "A"}))),
    Case("CreateStack", "ValidationError", "Template format error: Number of resources, 501, is greater than maximum allowed, 500", new(resources(**{f"A{number}": HANDLE for number in range(501)}))),
    Case("CreateStack", "ValidationError", "Template format error: Number of outputs, 201, is greater than maximum allowed, 200", new(more(Outputs={f"O{number}": {"Value": "1"} for number in range(201)}))),
    Case("CreateStack", "ValidationError", "Parameters: [X] must have values", new(more(Parameters={"X": {"Type": "String"}}))),
    Case("CreateStack", "ValidationError", "Parameters: [X] do not exist in the template", new(PLAIN, Parameters=[{"ParameterKey": "X", "ParameterValue": "1"}])),
    Case("CreateStack", "ValidationError", DECLARED, new(more(Parameters={"X": {"Type": "String"}}), Parameters=PREVIOUS)),
    Case("CreateStack", "ValidationError", "Parameter 'X' must match pattern [ab]", given("c", AllowedPattern="[ab]")),
    Case("CreateStack", "ValidationError", "Parameter 'X' must contain at least 2 characters", given("c", MinLength=2)),
    Case("CreateStack", "ValidationError", "Parameter 'X' must contain at most 2 characters", given("ccc", MaxLength=2)),
    Case("CreateStack", "ValidationError", "Parameter 'X' must be a number", given("c", Type="Number")),
    Case("CreateStack", "ValidationError", "Parameter 'X' must be a number not less than 2", given("1", Type="Number", MinValue=2)),
    Case("CreateStack", "ValidationError", "Parameter 'X' must be a number not greater than 2", given("3", Type="Number", MaxValue=2)),
    Case("CreateStack", "ValidationError", "Parameter X failed to satisfy constraint: is a.", given("c", AllowedValues=["a"], ConstraintDescription="is a.")),
    Case("CreateStack", "ValidationError", "Unable to fetch parameters [/none] from parameter store for this account.", given("/none", Type="AWS::SSM::Parameter::Value<String>")),
    Case("CreateStack", "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]", new(resources(A=ROLE))),
    Case("CreateStack", "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]", new(resources(A=NAMED), Capabilities=["CAPABILITY_IAM"])),
    Case("CreateStack", "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]", new(more(Transform="Mine"))),
    Case("CreateStack", "ValidationError", "TemplateURL must be a supported URL.", {"StackName": "new", "TemplateURL": "x"}),
    Case("CreateStack", "ValidationError", "S3 error: The specified bucket does not exist", {"StackName": "new", "TemplateURL": "https://none.s3.amazonaws.com/t"}),
    Case("CreateStack", "ValidationError", "Error validating stack policy: Invalid stack policy", new(PLAIN, StackPolicyBody="x")),
    Case("UpdateStack", "ValidationError", "Stack [none] does not exist", {"StackName": "none", "TemplateBody": PLAIN}),
    Case("UpdateStack", "ValidationError", "No updates are to be performed.", {"StackName": "there", "UsePreviousTemplate": True}),
    Case("UpdateStack", "ValidationError", "Stack:$BROKEN is in ROLLBACK_COMPLETE state and can not be updated.", {"StackName": "broken", "TemplateBody": PLAIN}),
    Case("UpdateStack", "ValidationError", NO_TEMPLATE, {"StackName": "there"}),
    Case("UpdateStack", "ValidationError", DECLARED, {"StackName": "there", "TemplateBody": more(Parameters={"X": {"Type": "String"}}), "Parameters": PREVIOUS}),
    Case("UpdateStack", "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]", {"StackName": "there", "TemplateBody": resources(A=ROLE)}),
    Case("DeleteStack", "ValidationError", "Stack [kept] cannot be deleted while TerminationProtection is enabled", {"StackName": "kept"}),
    Case("DeleteStack", "ValidationError", "Export used cannot be deleted as it is in use by imports", {"StackName": "exports"}),
    Case("DescribeStacks", "ValidationError", ABSENT, {"StackName": "none"}),
    Case("DescribeStacks", "ValidationError", TOKEN, {"NextToken": "x"}),
    Case("ListStacks", "ValidationError", TOKEN, {"NextToken": "x"}),
    Case("DescribeStackEvents", "ValidationError", "1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member must not be null", {}),
    Case("DescribeStackEvents", "ValidationError", TOKEN, {"StackName": "there", "NextToken": "x"}),
    Case("DescribeStackResource", "ValidationError", "Resource B does not exist for stack there", {"StackName": "there", "LogicalResourceId": "B"}),
    Case("DescribeStackResources", "ValidationError", ABSENT, {"StackName": "none"}),
    Case("DescribeStackResources", "ValidationError", "Stack for none does not exist", {"PhysicalResourceId": "none"}),
    Case("ListStackResources", "ValidationError", ABSENT, {"StackName": "none"}),
    Case("ListStackResources", "ValidationError", TOKEN, {"StackName": "there", "NextToken": "x"}),
    Case("GetTemplate", "ValidationError", ABSENT, {"StackName": "none"}),
    Case("GetTemplate", "ChangeSetNotFound", "ChangeSet [none] does not exist", {"StackName": "there", "ChangeSetName": "none"}, 404),
    Case("GetTemplateSummary", "ValidationError", ABSENT, {"StackName": "none"}),
    Case("GetTemplateSummary", "ValidationError", NO_RESOURCES, {"TemplateBody": "{}"}),
    Case("ValidateTemplate", "ValidationError", NO_TEMPLATE, {}),
    Case("ValidateTemplate", "ValidationError", NO_RESOURCES, {"TemplateBody": "{}"}),
    Case("ValidateTemplate", "ValidationError", "Template format error: unsupported structure.", {"TemplateBody": "template.json"}),
    Case("GetStackPolicy", "ValidationError", "Stack [none] does not exist", {"StackName": "none"}),
    Case("SetStackPolicy", "ValidationError", "Stack [none] does not exist", {"StackName": "none", "StackPolicyBody": "{}"}),
    Case("SetStackPolicy", "ValidationError", "Error validating stack policy: Invalid stack policy", {"StackName": "there", "StackPolicyBody": "x"}),
    Case("UpdateTerminationProtection", "ValidationError", "Stack [none] does not exist", {"StackName": "none", "EnableTerminationProtection": True}),
    Case("ListExports", "ValidationError", TOKEN, {"NextToken": "x"}),
    Case("ListImports", "ValidationError", "Export 'lonely' is not imported by any stack.", {"ExportName": "lonely"}),
    Case("CreateChangeSet", "ValidationError", "Stack [none] does not exist", {"StackName": "none", "ChangeSetName": "c", "TemplateBody": PLAIN}),
    Case("CreateChangeSet", "ValidationError", "Stack [there] already exists and cannot be created again with the changeSet [c].", {"StackName": "there", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": PLAIN}),
    Case("CreateChangeSet", "AlreadyExistsException", "ChangeSet good cannot be created because it already exists", {"StackName": "there", "ChangeSetName": "good", "TemplateBody": PLAIN}),
    Case("CreateChangeSet", "ValidationError", "1 validation error detected: Value 'c_d' at 'changeSetName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", {"StackName": "there", "ChangeSetName": "c_d", "TemplateBody": PLAIN}),
    Case("CreateChangeSet", "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]", {"StackName": "there", "ChangeSetName": "c", "TemplateBody": resources(A=ROLE)}),
    Case("DescribeChangeSet", "ValidationError", UNNAMED, {"ChangeSetName": "c"}),
    Case("DescribeChangeSet", "ChangeSetNotFound", "ChangeSet [none] does not exist", {"StackName": "there", "ChangeSetName": "none"}, 404),
    Case("ExecuteChangeSet", "ChangeSetNotFound", "ChangeSet [none] does not exist", {"StackName": "there", "ChangeSetName": "none"}, 404),
    Case("ExecuteChangeSet", "InvalidChangeSetStatus", "ChangeSet [$EMPTY] cannot be executed in its current status of [FAILED]", {"StackName": "there", "ChangeSetName": "empty"}),
    Case("DeleteChangeSet", "ValidationError", UNNAMED, {"ChangeSetName": "c"}),
    Case("ListChangeSets", "ValidationError", "1 validation error detected: Value 'a_b' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: ([a-zA-Z][-a-zA-Z0-9]*)|(arn:\\b(aws|aws-us-gov|aws-cn)\\b:[-a-zA-Z0-9:/._+]*)", {"StackName": "a_b"}),
]
# fmt: on

TestErrors = parity.refusals(SERVICE, CASES, EXCUSED, _made)
