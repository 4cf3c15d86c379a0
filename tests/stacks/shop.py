"""A stack of forty resources over fourteen services, and others that it becomes."""
# ruff: noqa: E501 (templates: a resource to a line where it fits)

SERVICES_MIN, RESOURCES = 10, 40
TEMPLATE = """
Parameters:
  Days: {Type: Number, Default: 7}
  Name: {Type: String, Default: orders}
Resources:
  Vpc: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: 10.20.0.0/16, EnableDnsHostnames: true}}
  Gateway: {Type: 'AWS::EC2::InternetGateway', Properties: {Tags: [{Key: Name, Value: shop}]}}
  Attached: {Type: 'AWS::EC2::VPCGatewayAttachment', Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway}}
  SubnetA:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: !Select [0, !Cidr [!GetAtt Vpc.CidrBlock, 4, 8]], AvailabilityZone: us-east-1a}
  SubnetB:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: !Select [1, !Cidr [!GetAtt Vpc.CidrBlock, 4, 8]], AvailabilityZone: us-east-1b}
  Table: {Type: 'AWS::EC2::RouteTable', Properties: {VpcId: !Ref Vpc}}
  Out:
    Type: AWS::EC2::Route
    DependsOn: Attached
    Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gateway}
  TiedA: {Type: 'AWS::EC2::SubnetRouteTableAssociation', Properties: {RouteTableId: !Ref Table, SubnetId: !Ref SubnetA}}
  TiedB: {Type: 'AWS::EC2::SubnetRouteTableAssociation', Properties: {RouteTableId: !Ref Table, SubnetId: !Ref SubnetB}}
  Web:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: who may come
      VpcId: !Ref Vpc
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]
  Data: {Type: 'AWS::EC2::SecurityGroup', Properties: {GroupDescription: data, VpcId: !Ref Vpc}}
  Asks:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !Ref Data, IpProtocol: tcp, FromPort: 5432, ToPort: 5432, SourceSecurityGroupId: !Ref Web}
  Acl: {Type: 'AWS::EC2::NetworkAcl', Properties: {VpcId: !Ref Vpc}}
  AclIn:
    Type: AWS::EC2::NetworkAclEntry
    Properties: {NetworkAclId: !Ref Acl, RuleNumber: 100, Protocol: -1, RuleAction: allow, CidrBlock: 0.0.0.0/0}
  Card: {Type: 'AWS::EC2::NetworkInterface', Properties: {SubnetId: !Ref SubnetA, GroupSet: [!Ref Web]}}
  Address: {Type: 'AWS::EC2::EIP', DependsOn: Attached, Properties: {Domain: vpc}}
  Seen: {Type: 'AWS::EC2::EIPAssociation', Properties: {AllocationId: !GetAtt Address.AllocationId, NetworkInterfaceId: !Ref Card}}
  Runner:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - {Effect: Allow, Principal: {Service: scheduler.amazonaws.com}, Action: 'sts:AssumeRole'}
      Policies:
        - PolicyName: send
          PolicyDocument: {Statement: [{Effect: Allow, Action: 'sqs:SendMessage', Resource: !GetAtt Jobs.Arn}]}
  Reads:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'ssm:Get*', Resource: '*'}]}
      Roles: [!Ref Runner]
  Clerk: {Type: 'AWS::IAM::User'}
  Key: {Type: 'AWS::KMS::Key', Properties: {Description: the shop's}}
  KeyName: {Type: 'AWS::KMS::Alias', Properties: {AliasName: !Sub 'alias/${AWS::StackName}', TargetKeyId: !Ref Key}}
  Dead: {Type: 'AWS::SQS::Queue'}
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 40
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Topic: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: shop}}
  Heard:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Jobs.Arn, RawMessageDelivery: true}
  JobsPolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Jobs]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: sns.amazonaws.com}, Action: 'sqs:SendMessage', Resource: !GetAtt Jobs.Arn}
  Greeting: {Type: 'AWS::SSM::Parameter', Properties: {Name: !Sub '/${Name}/greeting', Type: String, Value: hello}}
  Where: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: !Ref Jobs}}
  Files:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: {Status: Enabled}
      BucketEncryption:
        ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}}]
      Tags: [{Key: part, Value: files}]
  FilesPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Files
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {AWS: !Ref 'AWS::AccountId'}, Action: 's3:GetObject', Resource: !Sub '${Files.Arn}/*'}
  Login:
    Type: AWS::SecretsManager::Secret
    Properties:
      GenerateSecretString: {SecretStringTemplate: '{"user":"clerk"}', GenerateStringKey: password, PasswordLength: 20}
  Lines: {Type: 'AWS::Logs::LogGroup', Properties: {RetentionInDays: !Ref Days}}
  Bus: {Type: 'AWS::Events::EventBus', Properties: {Name: !Sub '${AWS::StackName}-bus'}}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Bus
      EventPattern: {source: [shop]}
      Targets: [{Id: jobs, Arn: !GetAtt Jobs.Arn}]
  Nightly:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 day)
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target: {Arn: !GetAtt Jobs.Arn, RoleArn: !GetAtt Runner.Arn}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/SQS
      MetricName: ApproximateNumberOfMessagesVisible
      Dimensions: [{Name: QueueName, Value: !GetAtt Dead.QueueName}]
      ComparisonOperator: GreaterThanThreshold
      EvaluationPeriods: 1
      Period: 60
      Statistic: Maximum
      Threshold: 0
      AlarmActions: [!Ref Topic]
  Zone: {Type: 'AWS::Route53::HostedZone', Properties: {Name: shop.example}}
  Here:
    Type: AWS::Route53::RecordSet
    Properties: {HostedZoneId: !Ref Zone, Name: www.shop.example, Type: A, TTL: '60', ResourceRecords: [!Ref Address]}
  Rooms:
    Type: AWS::RDS::DBSubnetGroup
    Properties: {DBSubnetGroupDescription: rooms, SubnetIds: [!Ref SubnetA, !Ref SubnetB]}
Outputs:
  Jobs: {Value: !GetAtt Jobs.Arn, Export: {Name: !Sub '${AWS::StackName}-jobs'}}
"""
CHANGED = (
    TEMPLATE.replace("'/${Name}/greeting'", "'/${Name}/words'")
    .replace("Value: hello", "Value: good day")
    .replace("VisibilityTimeout: 40", "VisibilityTimeout: 50")
    .replace("FromPort: 443, ToPort: 443", "FromPort: 8443, ToPort: 8443")
    .replace("TTL: '60'", "TTL: '90'")
)
"""One resource replaced, four changed in place."""
FAILING = (
    CHANGED.replace("VisibilityTimeout: 50", "VisibilityTimeout: 55")
    .replace("'/${Name}/words'", "'/${Name}/third'")
    .replace("FromPort: 8443, ToPort: 8443", "FromPort: 9443, ToPort: 9443")
    .replace("TTL: '90'", "TTL: '120'")
    .replace(
        "Outputs:",
        """  Wrong:
    Type: AWS::SSM::Parameter
    DependsOn: [Here, Greeting, Web, Jobs]
    Properties: {Name: /aws/forbidden, Type: String, Value: x}
Outputs:""",
    )
)
"""Everything changed again, and then something that cannot be."""
