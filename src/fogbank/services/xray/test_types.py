"""Groups, sampling rules and policies of a stack."""

from __future__ import annotations

from fogbank.testing import TestCloud

TEMPLATE = """
Parameters: {Rate: {Type: Number, Default: 0.5}, Filter: {Type: String, Default: fault}}
Resources:
  Rule:
    Type: AWS::XRay::SamplingRule
    Properties:
      SamplingRule:
        RuleName: buys
        ResourceARN: '*'
        Priority: 100
        FixedRate: !Ref Rate
        ReservoirSize: 5
        ServiceName: shop
        ServiceType: '*'
        Host: '*'
        HTTPMethod: '*'
        URLPath: '*'
        Version: 1
      Tags: [{Key: team, Value: red}]
  Group:
    Type: AWS::XRay::Group
    Properties:
      GroupName: broken
      FilterExpression: !Ref Filter
      InsightsConfiguration: {InsightsEnabled: false}
  Policy:
    Type: AWS::XRay::ResourcePolicy
    Properties:
      PolicyName: topics
      PolicyDocument: >-
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "xray:PutTraceSegments", "Resource": "*"}]}
Outputs:
  Rule: {Value: !GetAtt Rule.RuleARN}
  Group: {Value: !GetAtt Group.GroupARN}
  Ref: {Value: !Ref Rule}
"""


def test_a_stack_of_them(cloud: TestCloud) -> None:
    stacks, xray = cloud.client("cloudformation"), cloud.client("xray")

    def status(operation: str, **params: object) -> str:
        stacks(operation, StackName="s", **params)
        cloud.run(cloud.cloud.settled())
        found = stacks("DescribeStacks")["Stacks"]
        return str(found[0]["StackStatus"]) if found else ""

    assert status("CreateStack", TemplateBody=TEMPLATE) == "CREATE_COMPLETE", stacks(
        "DescribeStackEvents", StackName="s"
    )
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stacks("DescribeStacks")["Stacks"][0]["Outputs"]}
    rule = xray("GetSamplingRules")["SamplingRuleRecords"][0]["SamplingRule"]
    assert (rule["RuleName"], rule["FixedRate"]) == ("buys", 0.5)
    assert outputs["Rule"] == outputs["Ref"] == rule["RuleARN"]
    group = xray("GetGroup", GroupName="broken")["Group"]
    assert (outputs["Group"], group["FilterExpression"]) == (group["GroupARN"], "fault")
    tags = {one["Key"]: one["Value"] for one in xray("ListTagsForResource", ResourceARN=rule["RuleARN"])["Tags"]}
    assert tags["team"] == "red"
    assert [one["PolicyName"] for one in xray("ListResourcePolicies")["ResourcePolicies"]] == ["topics"]
    changes = [
        {"ParameterKey": "Rate", "ParameterValue": "0.25"},
        {"ParameterKey": "Filter", "ParameterValue": "error"},
    ]
    assert status("UpdateStack", TemplateBody=TEMPLATE, Parameters=changes) == "UPDATE_COMPLETE"
    assert xray("GetSamplingRules")["SamplingRuleRecords"][0]["SamplingRule"]["FixedRate"] == 0.25
    changed = xray("GetGroup", GroupName="broken")["Group"]
    assert changed == {**group, "FilterExpression": "error"}, "in place"
    assert status("DeleteStack") == ""
    assert [one["GroupName"] for one in xray("GetGroups")["Groups"]] == ["Default"]
    assert len(xray("GetSamplingRules")["SamplingRuleRecords"]) == 1
    assert xray("ListResourcePolicies")["ResourcePolicies"] == []
