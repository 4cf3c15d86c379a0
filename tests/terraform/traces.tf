terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {}

variable "team" {
  default = "red"
}

resource "aws_kms_key" "traces" {
  description             = "for traces"
  deletion_window_in_days = 7
}

resource "aws_xray_encryption_config" "traces" {
  type   = "KMS"
  key_id = aws_kms_key.traces.arn
}

resource "aws_xray_group" "slow" {
  group_name        = "slow"
  filter_expression = "responsetime > 5"
  tags              = { team = var.team }
}

resource "aws_xray_group" "broken" {
  group_name        = "broken"
  filter_expression = "service(\"shop\") { fault OR throttle }"

  insights_configuration {
    insights_enabled      = false
    notifications_enabled = false
  }
}

resource "aws_xray_sampling_rule" "buys" {
  rule_name      = "buys"
  priority       = 100
  version        = 1
  reservoir_size = 5
  fixed_rate     = 0.25
  url_path       = "/buy/*"
  host           = "*"
  http_method    = "POST"
  service_type   = "*"
  service_name   = "shop"
  resource_arn   = "*"
  attributes     = { tier = "gold" }
  tags           = { team = var.team }
}

resource "aws_xray_resource_policy" "topics" {
  policy_name = "topics"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = ["xray:PutTraceSegments", "xray:GetSamplingRules", "xray:GetSamplingTargets"]
      Resource  = "*"
    }]
  })
}

output "value" {
  value = aws_xray_group.slow.arn
}
