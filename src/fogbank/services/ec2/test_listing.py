"""What all Describe operations share: ids, pages, limits."""

from __future__ import annotations

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud


def interfaces(cloud: TestCloud, count: int) -> list[str]:
    subnet = cloud.call("ec2", "DescribeSubnets")["Subnets"][0]["SubnetId"]
    calls = (cloud.call("ec2", "CreateNetworkInterface", {"SubnetId": subnet}) for _ in range(count))
    return sorted(made["NetworkInterface"]["NetworkInterfaceId"] for made in calls)


def test_an_id_that_is_named_twice_is_described_once(cloud: TestCloud) -> None:
    vpc_id = cloud.call("ec2", "DescribeVpcs")["Vpcs"][0]["VpcId"]
    assert len(cloud.call("ec2", "DescribeVpcs", {"VpcIds": [vpc_id, vpc_id]})["Vpcs"]) == 1


def test_pages_go_on_where_the_last_row_was_deleted(cloud: TestCloud) -> None:
    """Whoever deletes each page before asking for the next one sees all of them."""
    made, seen, token = interfaces(cloud, 12), [], {}
    while True:
        page = cloud.call("ec2", "DescribeNetworkInterfaces", {"MaxResults": 5, **token})
        for row in page["NetworkInterfaces"]:
            seen.append(row["NetworkInterfaceId"])
            cloud.call("ec2", "DeleteNetworkInterface", {"NetworkInterfaceId": seen[-1]})
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == made


def test_a_page_of_rules_goes_on_where_its_last_one_was_revoked(cloud: TestCloud) -> None:
    group = cloud.call("ec2", "DescribeSecurityGroups")["SecurityGroups"][0]["GroupId"]
    ranges = [{"CidrIp": f"10.0.{number}.0/24"} for number in range(8)]
    rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": ranges}
    cloud.call("ec2", "AuthorizeSecurityGroupIngress", {"GroupId": group, "IpPermissions": [rule]})
    every = cloud.call("ec2", "DescribeSecurityGroupRules")["SecurityGroupRules"]
    page = cloud.call("ec2", "DescribeSecurityGroupRules", {"MaxResults": 5})
    last = page["SecurityGroupRules"][-1]["SecurityGroupRuleId"]
    direction = "Egress" if page["SecurityGroupRules"][-1]["IsEgress"] else "Ingress"
    cloud.call("ec2", f"RevokeSecurityGroup{direction}", {"GroupId": group, "SecurityGroupRuleIds": [last]})
    rest = cloud.call("ec2", "DescribeSecurityGroupRules", {"NextToken": page["NextToken"]})["SecurityGroupRules"]
    found = {one["SecurityGroupRuleId"] for one in (*page["SecurityGroupRules"], *rest)}
    assert found == {one["SecurityGroupRuleId"] for one in every}


@pytest.mark.parametrize("limit", [-(2**31), -1, 0])
def test_a_page_of_nothing_is_refused(cloud: TestCloud, limit: int) -> None:
    with pytest.raises(AwsError, match="InvalidParameterValue"):
        cloud.call("ec2", "DescribeVpcEndpointServices", {"MaxResults": limit})


def test_a_page_of_endpoints_larger_than_the_largest_is_as_large_as_that(cloud: TestCloud) -> None:
    assert len(cloud.call("ec2", "DescribeVpcEndpointServices", {"MaxResults": 2**31 - 1})["ServiceNames"]) == 2
    assert cloud.call("ec2", "DescribeVpcEndpoints", {"MaxResults": 5_000})["VpcEndpoints"] == []


def test_a_token_that_is_none_is_refused(cloud: TestCloud) -> None:
    with pytest.raises(AwsError, match="InvalidNextToken"):
        cloud.call("ec2", "DescribeVpcs", {"NextToken": "x"})
