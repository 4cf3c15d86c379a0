terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  s3_use_path_style = true
  default_tags { tags = { owner = "platform" } }
}

provider "aws" {
  alias             = "west"
  region            = "us-west-2"
  s3_use_path_style = true
}

variable "team" { default = "red" }

locals {
  zones = ["us-east-1a", "us-east-1b"]
}

data "aws_caller_identity" "me" {}

# What a VPC comes with, taken over.

resource "aws_vpc" "main" {
  cidr_block                       = "10.0.0.0/16"
  assign_generated_ipv6_cidr_block = true
  tags                             = { Name = "main", team = var.team }
}

resource "aws_default_security_group" "main" {
  vpc_id = aws_vpc.main.id
  ingress {
    protocol  = -1
    self      = true
    from_port = 0
    to_port   = 0
  }
  tags = { Name = "closed" }
}

resource "aws_default_network_acl" "main" {
  default_network_acl_id = aws_vpc.main.default_network_acl_id
  ingress {
    protocol   = -1
    rule_no    = 100
    action     = "allow"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
  ingress {
    protocol        = -1
    rule_no         = 101
    action          = "allow"
    ipv6_cidr_block = "::/0"
    from_port       = 0
    to_port         = 0
  }
  egress {
    protocol   = "icmp"
    rule_no    = 90
    action     = "deny"
    cidr_block = "203.0.113.0/24"
    from_port  = 0
    to_port    = 0
    icmp_type  = 8
    icmp_code  = -1
  }
  lifecycle { ignore_changes = [subnet_ids] }
}

resource "aws_default_route_table" "west" {
  provider               = aws.west
  default_route_table_id = aws_vpc.west.default_route_table_id
  route {
    cidr_block                = "10.0.0.0/16"
    vpc_peering_connection_id = aws_vpc_peering_connection_accepter.west.id
  }
  tags = { Name = "default" }
}

resource "aws_default_vpc" "main" {
  tags = { Name = "default" }
}

resource "aws_default_subnet" "main" {
  availability_zone       = "us-east-1b"
  map_public_ip_on_launch = false
}

# Tiers.

resource "aws_subnet" "public" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
  ipv6_cidr_block   = cidrsubnet(aws_vpc.main.ipv6_cidr_block, 8, count.index)
}

resource "aws_subnet" "private" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet("10.0.0.0/16", 8, 100 + count.index)
}

resource "aws_subnet" "six" {
  vpc_id                                         = aws_vpc.main.id
  ipv6_native                                    = true
  ipv6_cidr_block                                = cidrsubnet(aws_vpc.main.ipv6_cidr_block, 8, 9)
  assign_ipv6_address_on_creation                = true
  enable_resource_name_dns_aaaa_record_on_launch = true
  private_dns_hostname_type_on_launch            = "resource-name"
}

# Terraform remembers the VPC that the attachment below gave it, and detaches from it again: while there is that VPC.
resource "aws_internet_gateway" "main" {
  depends_on = [aws_vpc.main]
}

resource "aws_internet_gateway_attachment" "main" {
  internet_gateway_id = aws_internet_gateway.main.id
  vpc_id              = aws_vpc.main.id
}

resource "aws_egress_only_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
  tags   = { Name = "out" }
}

resource "aws_eip" "nat" {
  count  = 2
  domain = "vpc"
}

resource "aws_eip" "loose" { domain = "vpc" }

resource "aws_nat_gateway" "one" {
  allocation_id            = aws_eip.nat[0].id
  secondary_allocation_ids = [aws_eip.nat[1].id]
  private_ip               = "10.0.0.10"
  subnet_id                = aws_subnet.public[0].id
  depends_on               = [aws_internet_gateway_attachment.main]
}

resource "aws_nat_gateway" "private" {
  connectivity_type                  = "private"
  subnet_id                          = aws_subnet.private[0].id
  secondary_private_ip_address_count = 2
}

resource "aws_vpc_dhcp_options" "main" {
  domain_name                       = "corp.example"
  domain_name_servers               = ["10.0.0.2", "10.0.0.3"]
  ntp_servers                       = ["169.254.169.123"]
  netbios_name_servers              = ["10.0.0.4"]
  netbios_node_type                 = 2
  ipv6_address_preferred_lease_time = 1440
}

resource "aws_vpc_dhcp_options_association" "main" {
  vpc_id          = aws_vpc.main.id
  dhcp_options_id = aws_vpc_dhcp_options.main.id
}

# Routes to everything.

resource "aws_route_table" "all" {
  vpc_id = aws_vpc.main.id
}

resource "aws_main_route_table_association" "main" {
  vpc_id         = aws_vpc.main.id
  route_table_id = aws_route_table.all.id
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.all.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
  depends_on             = [aws_internet_gateway_attachment.main]
}

resource "aws_route" "egress_only" {
  route_table_id              = aws_route_table.all.id
  destination_ipv6_cidr_block = "::/0"
  egress_only_gateway_id      = aws_egress_only_internet_gateway.main.id
}

resource "aws_route" "nat" {
  route_table_id         = aws_route_table.all.id
  destination_cidr_block = "198.51.100.0/24"
  nat_gateway_id         = aws_nat_gateway.one.id
}

resource "aws_route" "nat64" {
  route_table_id              = aws_route_table.all.id
  destination_ipv6_cidr_block = "64:ff9b::/96"
  nat_gateway_id              = aws_nat_gateway.one.id
}

resource "aws_route" "interface" {
  route_table_id         = aws_route_table.all.id
  destination_cidr_block = "192.0.2.0/24"
  network_interface_id   = aws_network_interface.many.id
}

resource "aws_route" "prefix_list" {
  route_table_id             = aws_route_table.all.id
  destination_prefix_list_id = aws_ec2_managed_prefix_list.office.id
  transit_gateway_id         = aws_ec2_transit_gateway.hub.id
  depends_on                 = [aws_ec2_transit_gateway_vpc_attachment.main]
}

resource "aws_route" "peer" {
  route_table_id            = aws_route_table.all.id
  destination_cidr_block    = "10.50.0.0/16"
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.west.id
}

resource "aws_route_table" "edge" {
  vpc_id = aws_vpc.main.id
  route {
    cidr_block           = aws_subnet.public[1].cidr_block
    network_interface_id = aws_network_interface.many.id
  }
}

resource "aws_route_table_association" "edge" {
  route_table_id = aws_route_table.edge.id
  gateway_id     = aws_internet_gateway.main.id
  depends_on     = [aws_internet_gateway_attachment.main]
}

resource "aws_route_table_association" "private" {
  count          = 2
  route_table_id = aws_route_table.all.id
  subnet_id      = aws_subnet.private[count.index].id
}

# Filters.

resource "aws_network_acl" "tier" {
  vpc_id = aws_vpc.main.id
}

resource "aws_network_acl_association" "tier" {
  network_acl_id = aws_network_acl.tier.id
  subnet_id      = aws_subnet.private[1].id
}

resource "aws_network_acl_rule" "tier" {
  count          = 3
  network_acl_id = aws_network_acl.tier.id
  rule_number    = 100 + count.index
  egress         = count.index == 1
  protocol       = ["tcp", "-1", "icmp"][count.index]
  rule_action    = "allow"
  cidr_block     = "10.0.0.0/8"
  from_port      = count.index == 0 ? 1024 : null
  to_port        = count.index == 0 ? 65535 : null
  icmp_type      = count.index == 2 ? 3 : null
  icmp_code      = count.index == 2 ? 4 : null
}

resource "aws_ec2_managed_prefix_list" "office" {
  name           = "office"
  address_family = "IPv4"
  max_entries    = 5
}

resource "aws_ec2_managed_prefix_list_entry" "office" {
  for_each       = { "203.0.113.0/25" = "left", "203.0.113.128/25" = "right" }
  prefix_list_id = aws_ec2_managed_prefix_list.office.id
  cidr           = each.key
  description    = each.value
}

resource "aws_security_group" "web" {
  name_prefix            = "web-"
  vpc_id                 = aws_vpc.main.id
  revoke_rules_on_delete = true
  lifecycle { create_before_destroy = true }
}

resource "aws_security_group_rule" "web" {
  for_each = {
    cidrs = { type = "ingress", port = 443, cidrs = ["10.0.0.0/8", "192.168.0.0/16"] }
    out   = { type = "egress", port = 5432, cidrs = ["10.1.0.0/16"] }
  }
  security_group_id = aws_security_group.web.id
  type              = each.value.type
  protocol          = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_blocks       = each.value.cidrs
  description       = each.key
}

resource "aws_security_group_rule" "self" {
  security_group_id = aws_security_group.web.id
  type              = "ingress"
  protocol          = "-1"
  from_port         = -1
  to_port           = -1
  self              = true
}

resource "aws_security_group_rule" "list" {
  security_group_id = aws_security_group.web.id
  type              = "ingress"
  protocol          = "udp"
  from_port         = 53
  to_port           = 53
  prefix_list_ids   = [aws_ec2_managed_prefix_list.office.id]
}

resource "aws_security_group" "data" {
  name   = "data"
  vpc_id = aws_vpc.main.id
  lifecycle { ignore_changes = [tags] }
}

resource "aws_vpc_security_group_ingress_rule" "data" {
  for_each          = { v4 = "10.0.0.0/16", v6 = "" }
  security_group_id = aws_security_group.data.id
  cidr_ipv4         = each.key == "v4" ? each.value : null
  cidr_ipv6         = each.key == "v6" ? "2001:db8::/32" : null
  ip_protocol       = each.key == "v4" ? "tcp" : "icmpv6"
  from_port         = each.key == "v4" ? 5432 : -1
  to_port           = each.key == "v4" ? 5433 : -1
}

resource "aws_vpc_security_group_egress_rule" "data" {
  security_group_id = aws_security_group.data.id
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "-1"
}

# Interfaces and addresses.

resource "aws_network_interface" "many" {
  subnet_id         = aws_subnet.public[0].id
  private_ips       = ["10.0.0.20", "10.0.0.21", "10.0.0.22"]
  ipv6_addresses    = [cidrhost(aws_subnet.public[0].ipv6_cidr_block, 32)]
  security_groups   = [aws_security_group.web.id, aws_security_group.data.id]
  source_dest_check = false
  description       = "appliance"
}

resource "aws_network_interface" "prefixes" {
  subnet_id          = aws_subnet.public[1].id
  ipv4_prefix_count  = 1
  ipv6_address_count = 2
}

resource "aws_network_interface_sg_attachment" "prefixes" {
  security_group_id    = aws_security_group.data.id
  network_interface_id = aws_network_interface.prefixes.id
}

resource "aws_eip_association" "many" {
  allocation_id        = aws_eip.loose.id
  network_interface_id = aws_network_interface.many.id
  private_ip_address   = "10.0.0.21"
  depends_on           = [aws_internet_gateway_attachment.main]
}

resource "aws_ec2_subnet_cidr_reservation" "prefixes" {
  subnet_id        = aws_subnet.private[0].id
  cidr_block       = "10.0.100.64/28"
  reservation_type = "prefix"
  description      = "for delegation"
}

resource "aws_ec2_tag" "extra" {
  resource_id = aws_security_group.data.id
  key         = "Extra"
  value       = "by hand"
}

# Observed, and shared.

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.main.id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.us-east-1.s3"
}

resource "aws_vpc_endpoint_route_table_association" "s3" {
  vpc_endpoint_id = aws_vpc_endpoint.s3.id
  route_table_id  = aws_route_table.all.id
}

resource "aws_vpc_endpoint_policy" "s3" {
  vpc_endpoint_id = aws_vpc_endpoint.s3.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "*" }]
  })
}

resource "aws_s3_bucket" "flows" {
  bucket        = "flows-${data.aws_caller_identity.me.account_id}"
  force_destroy = true
}

resource "aws_flow_log" "s3" {
  subnet_id            = aws_subnet.private[0].id
  traffic_type         = "REJECT"
  log_destination_type = "s3"
  log_destination      = "${aws_s3_bucket.flows.arn}/private/"
  log_format           = "$${version} $${vpc-id} $${srcaddr} $${dstaddr} $${action}"
  destination_options {
    file_format                = "plain-text"
    hive_compatible_partitions = true
    per_hour_partition         = true
  }
}

# Another region, through a peering and through transit gateways.

resource "aws_vpc" "west" {
  provider   = aws.west
  cidr_block = "10.50.0.0/16"
}

resource "aws_vpc_peering_connection" "west" {
  vpc_id      = aws_vpc.main.id
  peer_vpc_id = aws_vpc.west.id
  peer_region = "us-west-2"
  auto_accept = false
}

resource "aws_vpc_peering_connection_accepter" "west" {
  provider                  = aws.west
  vpc_peering_connection_id = aws_vpc_peering_connection.west.id
  auto_accept               = true
  tags                      = { side = "accepter" }
}

resource "aws_vpc_peering_connection_options" "west" {
  provider                  = aws.west
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.west.id
  accepter { allow_remote_vpc_dns_resolution = true }
}

resource "aws_ec2_transit_gateway" "hub" {
  description                     = "hub"
  amazon_side_asn                 = 64600
  default_route_table_association = "disable"
  default_route_table_propagation = "disable"
  transit_gateway_cidr_blocks     = ["10.99.0.0/24"]
}

resource "aws_ec2_transit_gateway" "west" {
  provider    = aws.west
  description = "west"
}

resource "aws_ec2_transit_gateway_vpc_attachment" "main" {
  transit_gateway_id                              = aws_ec2_transit_gateway.hub.id
  vpc_id                                          = aws_vpc.main.id
  subnet_ids                                      = aws_subnet.private[*].id
  dns_support                                     = "enable"
  appliance_mode_support                          = "enable"
  transit_gateway_default_route_table_association = false
  transit_gateway_default_route_table_propagation = false
}

resource "aws_ec2_transit_gateway_peering_attachment" "west" {
  transit_gateway_id      = aws_ec2_transit_gateway.hub.id
  peer_transit_gateway_id = aws_ec2_transit_gateway.west.id
  peer_region             = "us-west-2"
  tags                    = { side = "asks" }
}

resource "aws_ec2_transit_gateway_peering_attachment_accepter" "west" {
  provider                      = aws.west
  transit_gateway_attachment_id = aws_ec2_transit_gateway_peering_attachment.west.id
}

resource "aws_ec2_transit_gateway_route_table" "hub" {
  transit_gateway_id = aws_ec2_transit_gateway.hub.id
}

resource "aws_ec2_transit_gateway_route_table_association" "hub" {
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.main.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.hub.id
}

resource "aws_ec2_transit_gateway_route_table_propagation" "hub" {
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.main.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.hub.id
}

resource "aws_ec2_transit_gateway_route" "west" {
  destination_cidr_block         = "10.50.0.0/16"
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_peering_attachment_accepter.west.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.hub.id
}

resource "aws_ec2_transit_gateway_route" "nowhere" {
  destination_cidr_block         = "192.168.0.0/16"
  blackhole                      = true
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.hub.id
}

resource "aws_ec2_transit_gateway_prefix_list_reference" "office" {
  prefix_list_id                 = aws_ec2_managed_prefix_list.office.id
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.main.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.hub.id
}

# Looked up.

data "aws_vpc" "main" {
  filter {
    name   = "tag:Name"
    values = ["main"]
  }
  depends_on = [aws_vpc.main]
}

data "aws_subnets" "private" {
  filter {
    name   = "vpc-id"
    values = [aws_vpc.main.id]
  }
  filter {
    name   = "cidr-block"
    values = ["10.0.10*"]
  }
  depends_on = [aws_subnet.private]
}

data "aws_subnet" "public" { id = aws_subnet.public[0].id }
data "aws_route_table" "all" { subnet_id = aws_route_table_association.private[0].subnet_id }
data "aws_internet_gateway" "main" {
  filter {
    name   = "attachment.vpc-id"
    values = [aws_internet_gateway_attachment.main.vpc_id]
  }
}
data "aws_nat_gateway" "one" { id = aws_nat_gateway.one.id }
data "aws_security_group" "data" { id = aws_security_group.data.id }
data "aws_security_groups" "web" {
  filter {
    name   = "group-name"
    values = ["web-*"]
  }
  depends_on = [aws_security_group.web]
}
data "aws_network_acls" "main" {
  vpc_id     = aws_vpc.main.id
  depends_on = [aws_network_acl.tier]
}
data "aws_network_interface" "many" { id = aws_network_interface.many.id }
data "aws_eip" "loose" { id = aws_eip.loose.id }
data "aws_prefix_list" "s3" { name = "com.amazonaws.us-east-1.s3" }
data "aws_ec2_managed_prefix_list" "s3" { name = "com.amazonaws.us-east-1.s3" }
data "aws_vpc_endpoint" "s3" { id = aws_vpc_endpoint.s3.id }
data "aws_vpc_endpoint_service" "s3" {
  service      = "s3"
  service_type = "Gateway"
}
data "aws_vpc_dhcp_options" "main" { dhcp_options_id = aws_vpc_dhcp_options.main.id }
data "aws_vpc_peering_connection" "west" { id = aws_vpc_peering_connection_accepter.west.id }
data "aws_ec2_transit_gateway" "hub" { id = aws_ec2_transit_gateway.hub.id }
data "aws_ec2_transit_gateway_route_table" "hub" { id = aws_ec2_transit_gateway_route_table.hub.id }
data "aws_availability_zones" "here" { state = "available" }

output "value" {
  value = {
    vpc     = data.aws_vpc.main.id == aws_vpc.main.id
    subnets = length(data.aws_subnets.private.ids)
    table   = data.aws_route_table.all.id == aws_route_table.all.id
    gateway = data.aws_internet_gateway.main.id == aws_internet_gateway.main.id
    nat     = data.aws_nat_gateway.one.public_ip == aws_eip.nat[0].public_ip
    groups  = length(data.aws_security_groups.web.ids)
    acls    = length(data.aws_network_acls.main.ids)
    address = data.aws_eip.loose.public_ip
    lists   = data.aws_prefix_list.s3.id == data.aws_ec2_managed_prefix_list.s3.id
  }
}
