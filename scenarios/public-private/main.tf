# The network everybody starts with: three zones, in each a small public and a large private subnet.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {}

variable "nat" {
  description = "each: a NAT gateway in each zone; one: all zones share the first one's; none: no way out"
  default     = "each"
}

locals {
  zones = slice(data.aws_availability_zones.here.names, 0, 3)
  nats  = { each = 3, one = 1, none = 0 }[var.nat]
}

data "aws_availability_zones" "here" { state = "available" }
data "aws_region" "here" {}

resource "aws_vpc" "main" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "public-private" }
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  count             = 3
  vpc_id            = aws_vpc.main.id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
  tags              = { Name = "public-${local.zones[count.index]}" }
}

resource "aws_subnet" "private" {
  count             = 3
  vpc_id            = aws_vpc.main.id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet("10.0.0.0/16", 4, count.index + 1)
  tags              = { Name = "private-${local.zones[count.index]}" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
}

resource "aws_route_table_association" "public" {
  count          = 3
  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}

resource "aws_eip" "nat" {
  count  = local.nats
  domain = "vpc"
}

resource "aws_nat_gateway" "main" {
  count         = local.nats
  allocation_id = aws_eip.nat[count.index].id
  subnet_id     = aws_subnet.public[count.index].id
  depends_on    = [aws_internet_gateway.main]
}

resource "aws_route_table" "private" {
  count  = 3
  vpc_id = aws_vpc.main.id
}

resource "aws_route" "out" {
  count                  = local.nats > 0 ? 3 : 0
  route_table_id         = aws_route_table.private[count.index].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.main[count.index % local.nats].id
}

resource "aws_route_table_association" "private" {
  count          = 3
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[count.index].id
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.main.id
  service_name    = "com.amazonaws.${data.aws_region.here.name}.s3"
  route_table_ids = aws_route_table.private[*].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::ours", "arn:aws:s3:::ours/*"]
    }]
  })
}

resource "aws_security_group" "web" {
  name   = "web"
  vpc_id = aws_vpc.main.id
  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

# A host in each subnet: an interface is one, until something runs on it.
resource "aws_network_interface" "public" {
  count           = 3
  subnet_id       = aws_subnet.public[count.index].id
  security_groups = [aws_security_group.web.id]
}

resource "aws_network_interface" "private" {
  count           = 3
  subnet_id       = aws_subnet.private[count.index].id
  security_groups = [aws_security_group.web.id]
}

resource "aws_eip" "web" {
  domain            = "vpc"
  network_interface = aws_network_interface.public[0].id
  depends_on        = [aws_internet_gateway.main]
}

output "zones" { value = local.zones }
output "web" { value = aws_eip.web.public_ip }
output "nat" { value = aws_eip.nat[*].public_ip }
output "public" { value = aws_network_interface.public[*].id }
output "private" { value = aws_network_interface.private[*].id }
output "private_ip" { value = aws_network_interface.private[*].private_ip }
