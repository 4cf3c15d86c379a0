terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  s3_use_path_style = true
}

variable "team" { default = "red" }

data "aws_region" "here" {}
data "aws_caller_identity" "me" {}

locals {
  tags = { team = var.team }
  plain = {
    a     = { type = "A", values = ["192.0.2.1", "192.0.2.2"] }
    aaaa  = { type = "AAAA", values = ["2001:db8::1"] }
    caa   = { type = "CAA", values = ["0 issue \"ca.example\"", "0 iodef \"mailto:a@example.com\""] }
    cname = { type = "CNAME", values = ["www.example.net"] }
    ds    = { type = "DS", values = ["12345 13 2 00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF"] }
    https = { type = "HTTPS", values = ["1 . alpn=\"h2,h3\""] }
    mx    = { type = "MX", values = ["10 mail.example.net", "20 mail2.example.net"] }
    naptr = { type = "NAPTR", values = ["100 10 \"u\" \"sip+E2U\" \"!^.*$!sip:a@example.com!\" ."] }
    ns    = { type = "NS", values = ["ns1.example.net.", "ns2.example.net."] }
    ptr   = { type = "PTR", values = ["www.example.net"] }
    spf   = { type = "SPF", values = ["v=spf1 -all"] }
    srv   = { type = "SRV", values = ["1 2 443 www.example.net"] }
    sshfp = { type = "SSHFP", values = ["4 2 00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF"] }
    svcb  = { type = "SVCB", values = ["2 svc.example.net. port=8443"] }
    tlsa  = { type = "TLSA", values = ["3 1 1 00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF"] }
    txt   = { type = "TXT", values = ["a b", "v=spf1 include:example.net -all", join("\"\"", [for n in range(3) : join("", [for n in range(20) : "0123456789"])])] }
    "*"   = { type = "A", values = ["192.0.2.3"] }
  }
}

resource "aws_route53_delegation_set" "main" {
  reference_name = "main"
}

resource "aws_route53_zone" "main" {
  name              = "names.example"
  comment           = "public"
  delegation_set_id = aws_route53_delegation_set.main.id
  force_destroy     = true
  tags              = local.tags
}

# Private: two networks, of which one is associated by a resource of its own

resource "aws_vpc" "each" {
  count                = 2
  cidr_block           = "10.${count.index}.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_route53_zone" "inside" {
  name = "names.example"
  vpc { vpc_id = aws_vpc.each[0].id }
  lifecycle { ignore_changes = [vpc] }
}

resource "aws_route53_zone_association" "second" {
  zone_id = aws_route53_zone.inside.id
  vpc_id  = aws_vpc.each[1].id
}

resource "aws_route53_vpc_association_authorization" "second" {
  zone_id = aws_route53_zone.inside.id
  vpc_id  = aws_vpc.each[1].id
}

resource "aws_route53_record" "inside" {
  count   = 20
  zone_id = aws_route53_zone.inside.zone_id
  name    = "host${count.index}"
  type    = "A"
  ttl     = 60
  records = ["10.0.0.${count.index + 10}"]
}

# Records

resource "aws_route53_record" "plain" {
  for_each = local.plain
  zone_id  = aws_route53_zone.main.zone_id
  name     = each.key
  type     = each.value.type
  ttl      = 300
  records  = each.value.values
}

# A zone whose records are one resource: changed in one batch, and nothing else is left in it

resource "aws_route53_zone" "many" {
  name          = "many.example"
  force_destroy = true
}

resource "aws_route53_records_exclusive" "many" {
  zone_id = aws_route53_zone.many.zone_id
  dynamic "resource_record_set" {
    for_each = range(20)
    content {
      name = "host${resource_record_set.value}.many.example"
      type = resource_record_set.value % 2 == 0 ? "A" : "TXT"
      ttl  = 60
      resource_records {
        value = resource_record_set.value % 2 == 0 ? "198.51.100.${resource_record_set.value % 250}" : "\"number ${resource_record_set.value}\""
      }
    }
  }
  dynamic "resource_record_set" {
    for_each = range(10)
    content {
      name = "alias${resource_record_set.value}.many.example"
      type = "A"
      alias_target {
        hosted_zone_id         = aws_route53_zone.many.zone_id
        dns_name               = "host${resource_record_set.value * 2}.many.example"
        evaluate_target_health = resource_record_set.value % 2 == 0
      }
    }
  }
}

resource "aws_route53_record" "many" {
  count   = 330
  zone_id = aws_route53_zone.main.zone_id
  name    = "host${count.index}.many"
  type    = count.index % 2 == 0 ? "A" : "TXT"
  ttl     = 60
  records = [count.index % 2 == 0 ? "198.51.100.${count.index % 250}" : "number ${count.index}"]
}

resource "aws_route53_record" "weighted" {
  count          = 30
  zone_id        = aws_route53_zone.main.zone_id
  name           = "weighted${floor(count.index / 3)}"
  type           = "A"
  ttl            = 30
  records        = ["192.0.2.${count.index}"]
  set_identifier = "w${count.index}"
  weighted_routing_policy { weight = count.index % 3 * 10 }
}

resource "aws_route53_record" "latency" {
  for_each        = toset(["us-west-2", "eu-central-1", "ap-northeast-1"])
  zone_id         = aws_route53_zone.main.zone_id
  name            = "latency"
  type            = "A"
  ttl             = 60
  records         = ["192.0.2.10"]
  set_identifier  = each.key
  health_check_id = aws_route53_health_check.tcp.id
  latency_routing_policy { region = each.key }
}

resource "aws_route53_record" "failover" {
  for_each        = { PRIMARY = aws_route53_health_check.http.id, SECONDARY = null }
  zone_id         = aws_route53_zone.main.zone_id
  name            = "failover"
  type            = "A"
  ttl             = 60
  records         = ["192.0.2.11"]
  set_identifier  = each.key
  health_check_id = each.value
  failover_routing_policy { type = each.key }
}

resource "aws_route53_record" "geolocation" {
  for_each = {
    europe  = { continent = "EU", country = null, subdivision = null }
    japan   = { continent = null, country = "JP", subdivision = null }
    oregon  = { continent = null, country = "US", subdivision = "OR" }
    default = { continent = null, country = "*", subdivision = null }
  }
  zone_id        = aws_route53_zone.main.zone_id
  name           = "geolocation"
  type           = "A"
  ttl            = 60
  records        = ["192.0.2.12"]
  set_identifier = each.key
  geolocation_routing_policy {
    continent   = each.value.continent
    country     = each.value.country
    subdivision = each.value.subdivision
  }
}

resource "aws_route53_record" "multivalue" {
  count                            = 10
  zone_id                          = aws_route53_zone.main.zone_id
  name                             = "multivalue"
  type                             = "A"
  ttl                              = 60
  records                          = ["192.0.2.${count.index + 20}"]
  set_identifier                   = "m${count.index}"
  multivalue_answer_routing_policy = true
}

resource "aws_route53_record" "geoproximity_region" {
  zone_id        = aws_route53_zone.main.zone_id
  name           = "geoproximity"
  type           = "A"
  ttl            = 60
  records        = ["192.0.2.40"]
  set_identifier = "region"
  geoproximity_routing_policy {
    aws_region = "us-west-2"
    bias       = 10
  }
}

resource "aws_route53_record" "geoproximity_place" {
  zone_id        = aws_route53_zone.main.zone_id
  name           = "geoproximity"
  type           = "A"
  ttl            = 60
  records        = ["192.0.2.41"]
  set_identifier = "place"
  geoproximity_routing_policy {
    bias = -10
    coordinates {
      latitude  = "49.22"
      longitude = "-74.01"
    }
  }
}

resource "aws_route53_cidr_collection" "main" {
  name = "offices"
}

resource "aws_route53_cidr_location" "main" {
  cidr_collection_id = aws_route53_cidr_collection.main.id
  name               = "berlin"
  cidr_blocks        = ["198.51.100.0/24", "203.0.113.0/24"]
}

resource "aws_route53_record" "cidr" {
  for_each       = toset([aws_route53_cidr_location.main.name, "*"])
  zone_id        = aws_route53_zone.main.zone_id
  name           = "cidr"
  type           = "A"
  ttl            = 60
  records        = ["192.0.2.50"]
  set_identifier = each.key == "*" ? "others" : each.key
  cidr_routing_policy {
    collection_id = aws_route53_cidr_collection.main.id
    location_name = each.key
  }
}

# Health checks, of each kind

resource "aws_route53_health_check" "http" {
  fqdn              = "www.names.example"
  port              = 80
  type              = "HTTP"
  resource_path     = "/health"
  failure_threshold = 2
  request_interval  = 10
  measure_latency   = true
  regions           = ["us-east-1", "eu-west-1", "ap-northeast-1"]
  tags              = local.tags
}

resource "aws_route53_health_check" "https" {
  ip_address        = "52.0.2.1"
  fqdn              = "www.names.example"
  port              = 443
  type              = "HTTPS"
  resource_path     = "/"
  failure_threshold = 3
  request_interval  = 30
  enable_sni        = true
  disabled          = true
}

resource "aws_route53_health_check" "text" {
  for_each          = toset(["HTTP_STR_MATCH", "HTTPS_STR_MATCH"])
  ip_address        = "52.0.2.1"
  port              = 8443
  type              = each.key
  resource_path     = "/"
  search_string     = "ok"
  failure_threshold = 5
  request_interval  = 30
}

resource "aws_route53_health_check" "tcp" {
  ip_address         = "52.0.2.1"
  port               = 5432
  type               = "TCP"
  failure_threshold  = 1
  request_interval   = 10
  invert_healthcheck = true
}

resource "aws_route53_health_check" "calculated" {
  type                   = "CALCULATED"
  child_health_threshold = 1
  child_healthchecks     = [aws_route53_health_check.http.id, aws_route53_health_check.tcp.id]
}

resource "aws_cloudwatch_metric_alarm" "busy" {
  alarm_name          = "busy"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "Load"
  namespace           = "Shop"
  period              = 60
  statistic           = "Average"
  threshold           = 80
}

resource "aws_route53_health_check" "alarm" {
  type                            = "CLOUDWATCH_METRIC"
  cloudwatch_alarm_name           = aws_cloudwatch_metric_alarm.busy.alarm_name
  cloudwatch_alarm_region         = data.aws_region.here.name
  insufficient_data_health_status = "LastKnownStatus"
}

# Signatures, and a log of questions

resource "aws_kms_key" "names" {
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = { Service = "dnssec-route53.amazonaws.com" }
        Action    = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = { Service = "dnssec-route53.amazonaws.com" }
        Action    = "kms:CreateGrant"
        Resource  = "*"
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ]
  })
}

resource "aws_route53_key_signing_key" "main" {
  hosted_zone_id             = aws_route53_zone.main.id
  key_management_service_arn = aws_kms_key.names.arn
  name                       = "main"
}

resource "aws_route53_hosted_zone_dnssec" "main" {
  hosted_zone_id = aws_route53_key_signing_key.main.hosted_zone_id
}

resource "aws_cloudwatch_log_group" "names" {
  name              = "/aws/route53/names.example"
  retention_in_days = 7
}

resource "aws_cloudwatch_log_resource_policy" "names" {
  policy_name = "route53"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "route53.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "arn:aws:logs:*:*:log-group:/aws/route53/*"
    }]
  })
}

resource "aws_route53_query_log" "main" {
  cloudwatch_log_group_arn = aws_cloudwatch_log_group.names.arn
  zone_id                  = aws_route53_zone.main.zone_id
  depends_on               = [aws_cloudwatch_log_resource_policy.names]
}

# Traffic policies

resource "aws_route53_traffic_policy" "main" {
  name    = "main"
  comment = "by health, then by region"
  document = jsonencode({
    AWSPolicyFormatVersion = "2015-10-01"
    RecordType             = "A"
    StartRule              = "site"
    Endpoints = {
      here  = { Type = "value", Value = "192.0.2.60" }
      west  = { Type = "value", Value = "192.0.2.61" }
      tokyo = { Type = "value", Value = "192.0.2.62" }
    }
    Rules = {
      site = {
        RuleType  = "failover"
        Primary   = { EndpointReference = "here", HealthCheck = aws_route53_health_check.http.id }
        Secondary = { RuleReference = "near" }
      }
      near = {
        RuleType = "latency"
        Regions = [
          { EndpointReference = "west", Region = "us-west-2" },
          { EndpointReference = "tokyo", Region = "ap-northeast-1" },
        ]
      }
    }
  })
}

resource "aws_route53_traffic_policy_instance" "main" {
  name                   = "traffic.names.example"
  traffic_policy_id      = aws_route53_traffic_policy.main.id
  traffic_policy_version = aws_route53_traffic_policy.main.version
  hosted_zone_id         = aws_route53_zone.main.zone_id
  ttl                    = 60
}

resource "aws_s3_bucket" "site" {
  bucket = "www.site.example"
}

resource "aws_s3_bucket_website_configuration" "site" {
  bucket = aws_s3_bucket.site.bucket
  index_document { suffix = "index.html" }
}

resource "aws_route53_record" "site" {
  zone_id = aws_route53_zone.main.zone_id
  name    = "site"
  type    = "A"
  alias {
    name                   = aws_s3_bucket_website_configuration.site.website_domain
    zone_id                = aws_s3_bucket.site.hosted_zone_id
    evaluate_target_health = false
  }
}

output "value" { value = aws_route53_key_signing_key.main.ds_record }
