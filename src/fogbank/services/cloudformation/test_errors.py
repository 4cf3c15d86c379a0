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
TOKEN_USED = "The client request token used has already been used for this stack. Retry the request with a different client request token."
SUPPORTED = "[Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr]"
BOOLEAN = "Template format error: Conditions can only be boolean operations on parameters and other conditions"
NO_STACK_NAME = (
    "1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member must not be null"
)
NO_RESOURCES = "Template format error: At least one Resources member must be defined."


def resources(**found: Any) -> str:
    return json.dumps({"Resources": found})


def more(**sections: Any) -> str:
    """A template that is right, with sections that may be wrong."""
    return json.dumps({"Resources": {"A": HANDLE}, **sections})


def parameter(value: Any, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Name": "/p", "Value": value, **properties}}


def output(value: Any, **more_of_it: Any) -> str:
    return more(Outputs={"O": {"Value": value, **more_of_it}})


def condition(one: Any, **others: Any) -> str:
    return more(Conditions={"C": one, **others})


def declared(**found: Any) -> str:
    return more(Parameters={"X": found})


def ruled(value: Any, **rule: Any) -> str:
    assertion = {"Assert": value, "AssertDescription": "It has to be."}
    return more(Rules={"R": {"Assertions": [assertion], **rule}})


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

    stacks("CreateStack", StackName="there", TemplateBody=resources(A=parameter("x")), ClientRequestToken="used")
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
    stacks("CreateStack", StackName="gone", TemplateBody=PLAIN)
    settle()
    stacks("DeleteStack", StackName="gone")
    settle()
    return {"BROKEN": broken, "EMPTY": empty["Id"], "LONG": "x" * 51_201}


EXCUSED = {
    "LimitExceededException": "no number of stacks is too many; templates have limits of their own",
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
    Case("CancelUpdateStack", "ValidationError", "Stack [none] does not exist", {"StackName": "none"}),
    Case("CancelUpdateStack", "ValidationError", "CancelUpdateStack cannot be called from current stack status", {"StackName": "there"}),
    Case("CancelUpdateStack", "TokenAlreadyExistsException", TOKEN_USED, {"StackName": "there", "ClientRequestToken": "used"}),
    Case("ContinueUpdateRollback", "ValidationError", "Stack [none] does not exist", {"StackName": "none"}),
    Case("ContinueUpdateRollback", "TokenAlreadyExistsException", TOKEN_USED, {"StackName": "there", "ClientRequestToken": "used"}),
    Case("RollbackStack", "ValidationError", "Stack [none] does not exist", {"StackName": "none"}),
    Case("RollbackStack", "TokenAlreadyExistsException", TOKEN_USED, {"StackName": "there", "ClientRequestToken": "used"}),
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
    Case("CreateStack", "TokenAlreadyExistsException", TOKEN_USED, new(PLAIN, ClientRequestToken="used")),
    Case("CreateStack", "ValidationError", "1 validation error detected: Value '$LONG' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200", new("$LONG")),
    Case("CreateStack", "ValidationError", "Template format error: JSON not well-formed. (line 1, column 2)", new("{bad")),
    Case("CreateStack", "ValidationError", "Template error: YAML aliases are not allowed in CloudFormation templates", new("A: &a 1\nB: *a")),
    Case("CreateStack", "ValidationError", "Template format error: [/Resources/A/Properties/X] 'null' values are not allowed in templates", new(resources(A={**HANDLE, "Properties": {"X": None}}))),
    Case("CreateStack", "ValidationError", "Template error: all resources and parameters must have unique names. Common name(s):[A]", new(more(Parameters={"A": {"Type": "String", "Default": "x"}}))),
    Case("CreateStack", "ValidationError", "Template format error: [/Resources/A] Every Type member must be a string.", new(resources(A={"Type": {"Ref": "X"}}))),
    Case("CreateStack", "ValidationError", "Template format error: DependsOn must be a string or list of strings.", new(resources(A={**HANDLE, "DependsOn": {"Ref": "B"}}))),
    Case("CreateStack", "ValidationError", "Template format error: Every Condition member must be a string.", new(resources(A={**HANDLE, "Condition": {"Fn::Equals": [1, 1]}}))),
    Case("CreateStack", "ValidationError", "Template format error: Every DeletionPolicy member must be a string.", new(resources(A={**HANDLE, "DeletionPolicy": {"Ref": "B"}}))),
    Case("CreateStack", "ValidationError", "Template error: resource type AWS::CloudFormation::WaitConditionHandle does not support deletion policy Snapshot", new(resources(A={**HANDLE, "DeletionPolicy": "Snapshot"}))),
    Case("CreateStack", "ValidationError", "Template error: resource type AWS::CloudFormation::WaitConditionHandle does not support update replace policy Snapshot", new(resources(A={**HANDLE, "UpdateReplacePolicy": "Snapshot"}))),
    Case("CreateStack", "ValidationError", "Template format error: Every Outputs member must contain a Value object", new(more(Outputs={"O": {"Description": "x"}}))),
    Case("CreateStack", "ValidationError", "Template format error: Unresolved resource dependencies [B] in the Outputs block of the template", new(output({"Ref": "B"}))),
    Case("CreateStack", "ValidationError", "Template format error: Unresolved condition dependency C in the Outputs block of the template", new(output("x", Condition="C"))),
    Case("CreateStack", "ValidationError", "Template format error: Output O is malformed. The Value field of every Outputs member must evaluate to a String and not a List.", new(output(["x"]))),
    Case("CreateStack", "ValidationError", "Template format error: Output O is malformed. The Value field of every Outputs member must evaluate to a String and not a Map.", new(output({"a": "b"}))),
    Case("CreateStack", "ValidationError", "Template format error: Output O is malformed. The Name field of every Export member must be specified.", new(output("x", Export={}))),
    Case("CreateStack", "ValidationError", "Template format error: Output O is malformed. The Name field of every Export member must not depend on any resources, imported values, or Fn::GetAZs.", new(output("x", Export={"Name": {"Ref": "A"}}))),
    Case("CreateStack", "ValidationError", "Template error: the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs", new(output({"Fn::ImportValue": {"Ref": "A"}}))),
    Case("CreateStack", "ValidationError", f"Template Error: Encountered unsupported function: Fn::Nothing Supported functions are: {SUPPORTED}", new(output({"Fn::Nothing": 1}))),
    Case("CreateStack", "ValidationError", "Template error: every Ref object must have a single String value.", new(output({"Ref": ["A"]}))),
    Case("CreateStack", "ValidationError", "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute", new(output({"Fn::GetAtt": ["A"]}))),
    Case("CreateStack", "ValidationError", "Template error: instance of Fn::GetAtt references undefined resource B", new(output({"Fn::GetAtt": ["B", "c"]}))),
    Case("CreateStack", "ValidationError", "Template error: instance of Fn::Sub references invalid resource attribute B.c", new(output({"Fn::Sub": "${B.c}"}))),
    Case("CreateStack", "ValidationError", "Template error: resource A does not support attribute type c in Fn::GetAtt", new(resources(A={**HANDLE, "Properties": {"X": {"Fn::GetAtt": ["A", "c"]}}}))),
    Case("CreateStack", "ValidationError", "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons", new(output({"Fn::Sub": "${a-b}"}))),
    Case("CreateStack", "ValidationError", "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value.", new(output({"Fn::FindInMap": ["M"]}))),
    Case("CreateStack", "ValidationError", "Template error: Mapping named 'M' is not present in the 'Mappings' section of template.", new(output({"Fn::FindInMap": ["M", "a", "b"]}))),
    Case("CreateStack", "ValidationError", "Template format error: Unresolved condition dependency C in the Outputs block of the template", new(output({"Fn::If": ["C", "1", "2"]}))),
    Case("CreateStack", "ValidationError", "Template error: Fn::If requires a list argument with the first element being a condition", new(output({"Fn::If": [{"Ref": "A"}, "1", "2"]}))),
    Case("CreateStack", "ValidationError", BOOLEAN, new(condition("yes"))),
    Case("CreateStack", "ValidationError", BOOLEAN, new(condition({"Fn::Join": ["", []]}))),
    Case("CreateStack", "ValidationError", "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.", new(condition({"Fn::And": [{"Fn::Equals": [1, 1]}]}))),
    Case("CreateStack", "ValidationError", "Template format error: Unresolved condition dependency D in the Conditions block of the template", new(condition({"Fn::Not": [{"Condition": "D"}]}))),
    Case("CreateStack", "ValidationError", "Template format error: Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the template", new(condition({"Fn::Equals": [{"Ref": "A"}, "x"]}))),
    Case("CreateStack", "ValidationError", "Template error: Circular dependency between conditions: [C, D]", new(condition({"Fn::Not": [{"Condition": "D"}]}, D={"Fn::Not": [{"Condition": "C"}]}))),
    Case("CreateStack", "ValidationError", "Template format error: Every Mappings attribute must be a String or a List.", new(more(Mappings={"M": {"a": {"b": {"c": "d"}}}}))),
    Case("CreateStack", "ValidationError", "Template format error: Every Parameters object must contain a Type member.", new(declared(Default="x"))),
    Case("CreateStack", "ValidationError", "Template format error: Unrecognized parameter type: Bool", new(declared(Type="Bool", Default="x"))),
    Case("CreateStack", "ValidationError", "Template format error: Every Default member must be a string.", new(declared(Type="String", Default=["x"]))),
    Case("CreateStack", "ValidationError", "Template format error: AllowedPattern of parameter X is not a valid regular expression.", new(declared(Type="String", Default="x", AllowedPattern="("))),
    Case("CreateStack", "ValidationError", "Invalid template parameter property 'Colour'", new(declared(Type="String", Default="x", Colour="red"))),
    Case("CreateStack", "ValidationError", "Parameter 'X' must be one of AllowedValues", given("c", AllowedValues=["a", "b"])),
    Case("CreateStack", "ValidationError", "Template constraint(s) unsatisfied: It has to be.", new(ruled({"Fn::Contains": [["a"], "b"]}))),
    Case("CreateStack", "ValidationError", "Template format error: Rules can only be boolean operations on parameters", new(ruled("yes"))),
    Case("CreateStack", "ValidationError", "Template format error: [/Rules/R] Every Rules member must have Assertions, and may have a RuleCondition.", new(more(Rules={"R": {}}))),
    Case("CreateStack", "ValidationError", "CreationPolicy: Timeout must be a duration as in PT#H#M#S.", new(resources(A={"Type": "AWS::CloudFormation::WaitCondition", "CreationPolicy": {"ResourceSignal": {"Timeout": "5m"}}}))),
    Case("UpdateStack", "TokenAlreadyExistsException", TOKEN_USED, {"StackName": "kept", "TemplateBody": PLAIN, "ClientRequestToken": "used"}),
    Case("DeleteStack", "TokenAlreadyExistsException", TOKEN_USED, {"StackName": "there", "ClientRequestToken": "used"}),
    Case("ExecuteChangeSet", "TokenAlreadyExistsException", TOKEN_USED, {"StackName": "there", "ChangeSetName": "good", "ClientRequestToken": "used"}),
    Case("DescribeStackEvents", "ValidationError", "Stack [none] does not exist", {"StackName": "none"}),
    Case("GetTemplate", "ValidationError", NO_STACK_NAME, {}),
    Case("GetTemplate", "ValidationError", UNNAMED, {"ChangeSetName": "c"}),
    Case("ValidateTemplate", "ValidationError", "Template format error: Every Outputs member must contain a Value object", {"TemplateBody": more(Outputs={"O": {}})}),
    Case("ListImports", "ValidationError", "Export 'none' is not imported by any stack.", {"ExportName": "none"}),
    Case("CreateChangeSet", "ValidationError", "Stack:$BROKEN is in ROLLBACK_COMPLETE state and can not be updated.", {"StackName": "broken", "ChangeSetName": "c", "TemplateBody": PLAIN}),
    Case("SignalResource", "ValidationError", "Stack 'none' does not exist", {"StackName": "none", "LogicalResourceId": "A", "UniqueId": "1", "Status": "SUCCESS"}),
    Case("SignalResource", "ValidationError", "Resource B does not exist for stack there", {"StackName": "there", "LogicalResourceId": "B", "UniqueId": "1", "Status": "SUCCESS"}),
    Case("SignalResource", "ValidationError", "Resource A is in CREATE_COMPLETE state and can not be signaled", {"StackName": "there", "LogicalResourceId": "A", "UniqueId": "1", "Status": "SUCCESS"}),
]
# fmt: on

TestErrors = parity.refusals(SERVICE, CASES, EXCUSED, _made)
