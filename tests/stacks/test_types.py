"""Resource types one by one: what a stack makes of each is what its service then says, and nothing is left of it."""
# ruff: noqa: E501 (templates: a resource to a line where it fits)

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.control.service import Services
from fogbank.testing import TestCloud

from .test_forty import Story, different

TYPES = Services("fogbank.services").resource_type_names()
FREE = {"AWS::CloudFormation::CustomResource", "AWS::CloudFormation::WaitConditionHandle"}
"""Types that have whatever properties people give them, or none."""
REST = """
Parameters: {Word: {Type: String, Default: one}}
Resources:
  Vpc: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: 10.30.0.0/16, Tags: [{Key: Name, Value: !Ref Word}]}}
  Other: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: 10.31.0.0/16}}
  More: {Type: 'AWS::EC2::VPCCidrBlock', Properties: {VpcId: !Ref Vpc, CidrBlock: 10.40.0.0/16}}
  Peered: {Type: 'AWS::EC2::VPCPeeringConnection', Properties: {VpcId: !Ref Vpc, PeerVpcId: !Ref Other}}
  Outward: {Type: 'AWS::EC2::EgressOnlyInternetGateway', Properties: {VpcId: !Ref Vpc}}
  A: {Type: 'AWS::EC2::Subnet', Properties: {VpcId: !Ref Vpc, CidrBlock: 10.30.1.0/24, AvailabilityZone: us-east-1a}}
  B: {Type: 'AWS::EC2::Subnet', Properties: {VpcId: !Ref Vpc, CidrBlock: 10.30.2.0/24, AvailabilityZone: us-east-1b}}
  Nat: {Type: 'AWS::EC2::NatGateway', Properties: {SubnetId: !Ref A, ConnectivityType: private}}
  Endpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties: {VpcId: !Ref Vpc, ServiceName: !Sub 'com.amazonaws.${AWS::Region}.s3', RouteTableIds: [!Ref Table]}
  Table: {Type: 'AWS::EC2::RouteTable', Properties: {VpcId: !Ref Vpc}}
  Out:
    Type: AWS::EC2::Route
    Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: 10.31.0.0/16, VpcPeeringConnectionId: !Ref Peered}
  Group: {Type: 'AWS::EC2::SecurityGroup', Properties: {GroupDescription: one, VpcId: !Ref Vpc}}
  Leaves:
    Type: AWS::EC2::SecurityGroupEgress
    Properties: {GroupId: !Ref Group, IpProtocol: udp, FromPort: 53, ToPort: 53, CidrIp: 10.0.0.0/8}
  Acl: {Type: 'AWS::EC2::NetworkAcl', Properties: {VpcId: !Ref Vpc}}
  Tied: {Type: 'AWS::EC2::SubnetNetworkAclAssociation', Properties: {SubnetId: !Ref A, NetworkAclId: !Ref Acl}}
  Rooms: {Type: 'AWS::RDS::DBSubnetGroup', Properties: {DBSubnetGroupDescription: r, SubnetIds: [!Ref A, !Ref B]}}
  Tuned:
    Type: AWS::RDS::DBParameterGroup
    Properties: {Family: postgres16, Description: tuned, Parameters: {work_mem: 8192}}
  Tunes: {Type: 'AWS::RDS::DBClusterParameterGroup', Properties: {Family: aurora-postgresql16, Description: tuned}}
  Database:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Delete
    Properties:
      DBInstanceClass: db.t3.micro
      Engine: postgres
      AllocatedStorage: '20'
      MasterUsername: clerk
      MasterUserPassword: secret-secret
      DBSubnetGroupName: !Ref Rooms
      VPCSecurityGroups: [!Ref Group]
  Cluster:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Delete
    Properties: {Engine: aurora-postgresql, MasterUsername: clerk, MasterUserPassword: secret-secret, DBSubnetGroupName: !Ref Rooms}
  Zone: {Type: 'AWS::Route53::HostedZone', Properties: {Name: rest.example, VPCs: [{VPCId: !Ref Vpc, VPCRegion: us-east-1}]}}
  Names:
    Type: AWS::Route53::RecordSetGroup
    Properties:
      HostedZoneName: rest.example.
      RecordSets:
        - {Name: a.rest.example, Type: A, TTL: 60, ResourceRecords: [10.30.1.9]}
        - {Name: b.rest.example, Type: TXT, TTL: 60, ResourceRecords: [!Sub '"${Word}"']}
    DependsOn: Zone
  Check:
    Type: AWS::Route53::HealthCheck
    Properties: {HealthCheckConfig: {Type: TCP, IPAddress: 11.22.33.44, Port: 80, FailureThreshold: 3}}
  Runner:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
  Allowed:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: allowed
      Roles: [!Ref Runner]
      PolicyDocument: {Statement: [{Effect: Allow, Action: 'sqs:*', Resource: '*'}]}
  Queue: {Type: 'AWS::SQS::Queue'}
  Topic: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Ref Word}}
  TopicPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 'sns:Publish', Resource: !Ref Topic}]}
  Lines: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: /rest}}
  Line: {Type: 'AWS::Logs::LogStream', Properties: {LogGroupName: !Ref Lines, LogStreamName: first}}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      {Namespace: N, MetricName: M, ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, Period: 60, Statistic: Sum, Threshold: 1.5}
  Both: {Type: 'AWS::CloudWatch::CompositeAlarm', Properties: {AlarmName: both, AlarmRule: !Sub 'ALARM("${Alarm}")'}}
  Board: {Type: 'AWS::CloudWatch::Dashboard', Properties: {DashboardBody: '{"widgets":[]}'}}
  Plans: {Type: 'AWS::Scheduler::ScheduleGroup', Properties: {Name: plans}}
  Secret: {Type: 'AWS::SecretsManager::Secret', Properties: {SecretString: !Ref Word}}
  Closed:
    Type: AWS::SecretsManager::ResourcePolicy
    Properties:
      SecretId: !Ref Secret
      ResourcePolicy:
        Statement: [{Effect: Allow, Principal: {AWS: !Ref 'AWS::AccountId'}, Action: 'secretsmanager:GetSecretValue', Resource: '*'}]
  Handle: {Type: 'AWS::CloudFormation::WaitConditionHandle'}
  Told: {Type: 'AWS::CDK::Metadata', Properties: {Analytics: 'v2:deflate64:x'}}
  Files:
    Type: AWS::S3::Bucket
    DependsOn: May
    Properties:
      BucketName: rest-files
      AccessControl: Private
      PublicAccessBlockConfiguration: {BlockPublicAcls: 'true'}
      WebsiteConfiguration: {IndexDocument: index.html}
      LifecycleConfiguration:
        Rules: [{Id: old, Status: Enabled, Prefix: tmp/, ExpirationInDays: 3}]
      NotificationConfiguration:
        QueueConfigurations: [{Event: 's3:ObjectCreated:*', Queue: !GetAtt Queue.Arn}]
  May:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: 'sqs:*', Resource: '*'}]}
Outputs:
  Address: {Value: !GetAtt Database.Endpoint.Address}
  Port: {Value: !GetAtt Database.Endpoint.Port}
  Reader: {Value: !GetAtt Cluster.ReadEndpoint.Address}
  Vpc: {Value: !GetAtt Vpc.DefaultSecurityGroup}
  Nat: {Value: !Ref Nat}
  Website: {Value: !GetAtt Files.WebsiteURL}
"""
FUNCTIONS = """
Resources:
  Runner:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole']
  Queue: {Type: 'AWS::SQS::Queue'}
  Asked:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: index.answer
      Role: !GetAtt Runner.Arn
      Timeout: '5'
      Environment: {Variables: {WORD: hello}}
      Code: {ZipFile: "def answer(event, context): return 1"}
  First: {Type: 'AWS::Lambda::Version', Properties: {FunctionName: !Ref Asked}}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref Asked, FunctionVersion: !GetAtt First.Version, Name: live}
  May:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Asked, Action: 'lambda:InvokeFunction', Principal: s3.amazonaws.com}
  Fed: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {FunctionName: !Ref Asked, EventSourceArn: !GetAtt Queue.Arn}}
Outputs:
  Asked: {Value: !GetAtt Asked.Arn}
  Live: {Value: !Ref Live}
"""


@pytest.fixture
def story(cloud: TestCloud) -> Iterator[Story]:
    yield Story(cloud)


def outputs(story: Story) -> dict[str, str]:
    rows = story.ask("cloudformation", "DescribeStacks", {"StackName": "shop"})["Stacks"][0]["Outputs"]
    return {one["OutputKey"]: one["OutputValue"] for one in rows}


def test_attributes_are_what_the_services_say(story: Story) -> None:
    empty = story.world()
    capable = {"Capabilities": ["CAPABILITY_IAM"]}
    assert story.does("CreateStack", TemplateBody=REST, **capable) == "CREATE_COMPLETE", story.why()
    found, ids = outputs(story), story.ids()
    (instance,) = story.ask("rds", "DescribeDBInstances", {})["DBInstances"]
    assert (instance["DBInstanceStatus"], instance["DBInstanceIdentifier"]) == ("available", ids["Database"])
    assert (found["Address"], found["Port"]) == (instance["Endpoint"]["Address"], str(instance["Endpoint"]["Port"]))
    (cluster,) = story.ask("rds", "DescribeDBClusters", {})["DBClusters"]
    assert found["Reader"] == cluster["ReaderEndpoint"]
    (nat,) = story.ask("ec2", "DescribeNatGateways", {})["NatGateways"]
    assert (nat["State"], nat["NatGatewayId"]) == ("available", found["Nat"])
    (peered,) = story.ask("ec2", "DescribeVpcPeeringConnections", {})["VpcPeeringConnections"]
    assert peered["Status"]["Code"] == "active", "accepted, for both sides are one account's"
    assert found["Website"] == "http://rest-files.s3-website-us-east-1.amazonaws.com"
    rules = story.ask("s3", "GetBucketLifecycleConfiguration", {"Bucket": "rest-files"})["Rules"]
    assert rules[0]["Expiration"] == {"Days": 3}
    given = [{"ParameterKey": "Word", "ParameterValue": "two"}]
    updated = story.does("UpdateStack", UsePreviousTemplate=True, Parameters=given, **capable)
    assert updated == "UPDATE_COMPLETE", story.why()
    assert story.ids() == ids, "all in place"
    assert story.ask("secretsmanager", "GetSecretValue", {"SecretId": ids["Secret"]})["SecretString"] == "two"
    (vpc,) = story.ask("ec2", "DescribeVpcs", {"VpcIds": [ids["Vpc"]]})["Vpcs"]
    assert {"Key": "Name", "Value": "two"} in vpc["Tags"]
    assert story.does("DeleteStack") == "DELETE_COMPLETE", story.why()
    assert different(empty, story.world()) == {}


def test_functions(story: Story) -> None:
    empty = story.world()
    capable = {"Capabilities": ["CAPABILITY_IAM"]}
    assert story.does("CreateStack", TemplateBody=FUNCTIONS, **capable) == "CREATE_COMPLETE", story.why()
    ids = story.ids()
    function = story.ask("lambda", "GetFunctionConfiguration", {"FunctionName": ids["Asked"]})
    assert (function["FunctionArn"], function["Timeout"]) == (outputs(story)["Asked"], 5)
    changed = FUNCTIONS.replace("Timeout: '5'", "Timeout: 7").replace("return 1", "return 2")
    assert story.does("UpdateStack", TemplateBody=changed, **capable) == "UPDATE_COMPLETE", story.why()
    after = story.ask("lambda", "GetFunctionConfiguration", {"FunctionName": ids["Asked"]})
    assert (after["Timeout"], after["CodeSha256"] == function["CodeSha256"]) == (7, False)
    assert story.does("DeleteStack") == "DELETE_COMPLETE", story.why()
    assert different(empty, story.world()) == {}


@pytest.mark.parametrize("name", [one for one in TYPES if one not in FREE])
def test_a_property_without_effect_fails_the_resource(story: Story, name: str) -> None:
    kind = story.cloud.cloud.services.resource_type(name)
    assert kind is not None
    assert kind.known, "every type says what it knows"
    body: dict[str, Any] = {"Type": name, "Properties": {**dict.fromkeys(kind.required, "x"), "Nonsense": 1}}
    template = str({"Resources": {"One": body}}).replace("'", '"')
    ended = story.does("CreateStack", TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert ended == "ROLLBACK_COMPLETE"
    assert ("One", "Encountered unsupported property Nonsense (ValidationError)") in story.why()
