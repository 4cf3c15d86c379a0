"""Gateway endpoints: a private subnet reaches S3 by its route table alone, and only the buckets that a policy names."""

from __future__ import annotations

import json

from fogbank.control import caller as callers

from .tenant import Host, Tenant

API = "http://s3.us-east-1.amazonaws.com"
SERVICE = "com.amazonaws.us-east-1.s3"
TIMED_OUT = "000"


def _site(tenant: Tenant) -> tuple[str, str, Host, str]:
    """A VPC without any way out, its subnet, a host, and the name of a bucket."""
    vpc = tenant.vpc()
    subnet = tenant.subnet(vpc)
    return vpc, subnet, tenant.host(subnet), _bucket(tenant, "mine")


def _bucket(tenant: Tenant, name: str) -> str:
    found = f"{name}-{tenant.account}"
    tenant.net.cloud.call("s3", "CreateBucket", {"Bucket": found}, caller=callers.root(tenant.account))
    return found


def _curl(tenant: Tenant, host: Host, url: str, *more: str) -> str:
    """The status that a host gets for a signed request; TIMED_OUT for silence."""
    signed = ("--aws-sigv4", "aws:amz:us-east-1:s3", "--user", f"{tenant.account}:x")
    argv = ("curl", "-s", "-m", "0.6", "-o", "/dev/null", "-w", "%{http_code}", *signed, *_resolve(tenant), *more, url)
    return tenant.heard(host, *argv).output.decode()


def _resolve(tenant: Tenant) -> tuple[str, str]:
    found = tenant.ec2("DescribePrefixLists", Filters=[{"Name": "prefix-list-name", "Values": [SERVICE]}])
    address = found["PrefixLists"][0]["Cidrs"][0].partition("/")[0]
    return ("--resolve", f"s3.us-east-1.amazonaws.com:80:{address}")


def _endpoint(tenant: Tenant, vpc: str, *tables: str) -> str:
    made = tenant.ec2("CreateVpcEndpoint", VpcId=vpc, ServiceName=SERVICE, RouteTableIds=list(tables))
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def test_a_private_subnet_reaches_s3_through_an_endpoint_and_nothing_else(tenant: Tenant) -> None:
    vpc, _, host, bucket = _site(tenant)
    assert _curl(tenant, host, f"{API}/{bucket}") == TIMED_OUT
    _endpoint(tenant, vpc, tenant.main_table(vpc))
    assert _curl(tenant, host, f"{API}/{bucket}") == "200"
    assert _curl(tenant, host, "http://203.0.113.10/") == TIMED_OUT


def test_only_subnets_whose_table_has_the_endpoint_reach_it(tenant: Tenant) -> None:
    vpc, _, host, bucket = _site(tenant)
    other = tenant.subnet(vpc, "10.0.2.0/24")
    beside = tenant.host(other)
    table = tenant.table(other)
    endpoint = _endpoint(tenant, vpc, tenant.main_table(vpc))
    assert [_curl(tenant, one, f"{API}/{bucket}") for one in (host, beside)] == ["200", TIMED_OUT]
    tenant.ec2("ModifyVpcEndpoint", VpcEndpointId=endpoint, AddRouteTableIds=[table])
    assert _curl(tenant, beside, f"{API}/{bucket}") == "200"
    tenant.ec2("ModifyVpcEndpoint", VpcEndpointId=endpoint, RemoveRouteTableIds=[table])
    assert _curl(tenant, beside, f"{API}/{bucket}") == TIMED_OUT


def test_objects_go_through_and_come_back_whole(tenant: Tenant) -> None:
    vpc, _, host, bucket = _site(tenant)
    _endpoint(tenant, vpc, tenant.main_table(vpc))
    body = "through the endpoint " * 500
    assert _curl(tenant, host, f"{API}/{bucket}/key", "-X", "PUT", "--data-binary", body) == "200"
    found = tenant.net.cloud.call(
        "s3", "GetObject", {"Bucket": bucket, "Key": "key"}, caller=callers.root(tenant.account)
    )
    assert b"".join(found["Body"]) == body.encode() if not isinstance(found["Body"], bytes) else found["Body"]


def test_an_endpoints_policy_names_the_buckets(tenant: Tenant) -> None:
    vpc, _, host, bucket = _site(tenant)
    other = _bucket(tenant, "other")
    endpoint = _endpoint(tenant, vpc, tenant.main_table(vpc))
    assert [_curl(tenant, host, f"{API}/{one}") for one in (bucket, other)] == ["200", "200"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}
    statement |= {"Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}
    tenant.ec2("ModifyVpcEndpoint", VpcEndpointId=endpoint, PolicyDocument=json.dumps({"Statement": [statement]}))
    assert [_curl(tenant, host, f"{API}/{one}") for one in (bucket, other)] == ["200", "403"]


def test_groups_and_acls_count_on_the_way_to_an_endpoint(tenant: Tenant) -> None:
    vpc, subnet, host, bucket = _site(tenant)
    _endpoint(tenant, vpc, tenant.main_table(vpc))
    group = tenant.group(vpc)
    tenant.revoke(group, "0.0.0.0/0", None, way="Egress")
    guarded = tenant.host(subnet, group)
    assert [_curl(tenant, one, f"{API}/{bucket}") for one in (host, guarded)] == ["200", TIMED_OUT]
    lists = tenant.ec2("DescribePrefixLists", Filters=[{"Name": "prefix-list-name", "Values": [SERVICE]}])
    tenant.allow(group, lists["PrefixLists"][0]["PrefixListId"], 80, way="Egress")
    assert _curl(tenant, guarded, f"{API}/{bucket}") == "200"
    tenant.acl(subnet)
    assert _curl(tenant, host, f"{API}/{bucket}") == TIMED_OUT


def test_an_endpoint_that_is_deleted_leads_nowhere(tenant: Tenant) -> None:
    vpc, _, host, bucket = _site(tenant)
    endpoint = _endpoint(tenant, vpc, tenant.main_table(vpc))
    assert _curl(tenant, host, f"{API}/{bucket}") == "200"
    tenant.ec2("DeleteVpcEndpoints", VpcEndpointIds=[endpoint])
    assert _curl(tenant, host, f"{API}/{bucket}") == TIMED_OUT
    assert not tenant.exists(endpoint)


def test_an_endpoint_goes_before_a_nat_gateway(tenant: Tenant) -> None:
    """The route of an endpoint is more specific than the default route, so S3 does not pass the NAT gateway."""
    vpc, _, host, bucket = _site(tenant)
    public = tenant.subnet(vpc, "10.0.9.0/24")
    tenant.table(public, {"0.0.0.0/0": tenant.gateway(vpc)})
    nat, _ = tenant.nat(public)
    tenant.route(tenant.main_table(vpc), "0.0.0.0/0", nat)
    assert _curl(tenant, host, f"{API}/{bucket}") == "200"
    denied = json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]})
    endpoint = _endpoint(tenant, vpc, tenant.main_table(vpc))
    tenant.ec2("ModifyVpcEndpoint", VpcEndpointId=endpoint, PolicyDocument=denied)
    assert _curl(tenant, host, f"{API}/{bucket}") == "403"


def test_the_command_line_of_aws_works_inside(tenant: Tenant) -> None:
    vpc, _, host, bucket = _site(tenant)
    _endpoint(tenant, vpc, tenant.main_table(vpc))
    address = _resolve(tenant)[1].rpartition(":")[2]
    keys = (f"AWS_ACCESS_KEY_ID={tenant.account}", "AWS_SECRET_ACCESS_KEY=x", "AWS_EC2_METADATA_DISABLED=true")
    aws = ("env", *keys, tenant.aws, "--endpoint-url", f"http://{address}", "--region", "us-east-1", "--output", "text")
    assert bucket in tenant.said(host, *aws, "s3api", "list-buckets")
