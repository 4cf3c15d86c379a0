terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  s3_use_path_style = true
}

data "aws_caller_identity" "me" {}

variable "colour" {
  default = "red"
}

resource "aws_iam_role" "runs" {
  name = "runs-${data.aws_caller_identity.me.account_id}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "runs" {
  for_each = toset([
    "service-role/AWSLambdaVPCAccessExecutionRole", "service-role/AWSLambdaSQSQueueExecutionRole",
  ])
  role       = aws_iam_role.runs.name
  policy_arn = "arn:aws:iam::aws:policy/${each.value}"
}

resource "aws_iam_role_policy" "tells" {
  name = "tells"
  role = aws_iam_role.runs.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sqs:SendMessage", Resource = aws_sqs_queue.failed.arn }]
  })
}

resource "aws_lambda_layer_version" "shared" {
  layer_name               = "shared"
  description              = "what all functions have"
  filename                 = "one.zip"
  compatible_runtimes      = ["python3.11", "python3.12"]
  compatible_architectures = ["x86_64"]
  license_info             = "MIT"
}

resource "aws_lambda_layer_version_permission" "shared" {
  layer_name     = aws_lambda_layer_version.shared.layer_name
  version_number = aws_lambda_layer_version.shared.version
  statement_id   = "all"
  action         = "lambda:GetLayerVersion"
  principal      = "*"
}

resource "aws_cloudwatch_log_group" "teller" {
  name              = "/aws/lambda/teller"
  retention_in_days = 7
}

resource "aws_kms_key" "variables" {
  description             = "for variables"
  deletion_window_in_days = 7
}

resource "aws_lambda_function" "teller" {
  function_name    = "teller"
  description      = "tells the time of the tide"
  role             = aws_iam_role.runs.arn
  handler          = "main.run"
  runtime          = "python3.11"
  filename         = "one.zip"
  source_code_hash = filebase64sha256("one.zip")
  timeout          = 20
  memory_size      = 256
  publish          = true
  layers           = [aws_lambda_layer_version.shared.arn]
  kms_key_arn      = aws_kms_key.variables.arn
  environment {
    variables = { COLOUR = var.colour }
  }
  ephemeral_storage { size = 1024 }
  tracing_config { mode = "Active" }
  dead_letter_config { target_arn = aws_sqs_queue.failed.arn }
  reserved_concurrent_executions = 20
  tags                           = { team = var.colour }
  depends_on = [
    aws_cloudwatch_log_group.teller, aws_iam_role_policy_attachment.runs, aws_iam_role_policy.tells,
  ]
}

resource "aws_s3_bucket" "code" {
  bucket        = "code-${data.aws_caller_identity.me.account_id}"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "code" {
  bucket = aws_s3_bucket.code.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_object" "code" {
  bucket = aws_s3_bucket_versioning.code.bucket
  key    = "listener.zip"
  source = "one.zip"
  etag   = filemd5("one.zip")
}

resource "aws_lambda_function" "listener" {
  function_name     = "listener"
  role              = aws_iam_role.runs.arn
  handler           = "index.handler"
  runtime           = "nodejs20.x"
  architectures     = ["x86_64"]
  s3_bucket         = aws_s3_object.code.bucket
  s3_key            = aws_s3_object.code.key
  s3_object_version = aws_s3_object.code.version_id
  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }
  depends_on = [aws_iam_role_policy_attachment.runs]
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "inner" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
}

resource "aws_security_group" "inner" {
  name   = "inner"
  vpc_id = aws_vpc.main.id
}

resource "aws_lambda_function" "inner" {
  function_name = "inner"
  role          = aws_iam_role.runs.arn
  handler       = "main.run"
  runtime       = "python3.11"
  filename      = "one.zip"
  vpc_config {
    subnet_ids         = [aws_subnet.inner.id]
    security_group_ids = [aws_security_group.inner.id]
  }
  depends_on = [aws_iam_role_policy_attachment.runs]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "what people use"
  function_name    = aws_lambda_function.teller.function_name
  function_version = "1"
}

resource "aws_lambda_alias" "trial" {
  name             = "trial"
  function_name    = aws_lambda_function.teller.function_name
  function_version = "1"
  dynamic "routing_config" {
    for_each = aws_lambda_function.teller.version == "1" ? [] : [aws_lambda_function.teller.version]
    content {
      additional_version_weights = { (routing_config.value) = 0.05 }
    }
  }
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  function_name                     = aws_lambda_function.teller.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = 1
}

resource "aws_lambda_permission" "rule" {
  statement_id   = "rule"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.teller.function_name
  qualifier      = aws_lambda_alias.live.name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.hourly.arn
  source_account = data.aws_caller_identity.me.account_id
}

resource "aws_cloudwatch_event_rule" "hourly" {
  name                = "hourly"
  schedule_expression = "rate(1 hour)"
}

resource "aws_cloudwatch_event_target" "hourly" {
  rule = aws_cloudwatch_event_rule.hourly.name
  arn  = aws_lambda_alias.live.arn
}

resource "aws_lambda_function_url" "live" {
  function_name      = aws_lambda_function.teller.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = "NONE"
  cors {
    allow_origins = ["https://example.com"]
    allow_methods = ["GET"]
    max_age       = 60
  }
}

resource "aws_sqs_queue" "questions" {
  name = "questions"
}

resource "aws_sqs_queue" "failed" {
  name = "failed"
}

resource "aws_lambda_event_source_mapping" "questions" {
  event_source_arn                   = aws_sqs_queue.questions.arn
  function_name                      = aws_lambda_function.listener.arn
  batch_size                         = 5
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]
  scaling_config { maximum_concurrency = 2 }
  filter_criteria {
    filter { pattern = jsonencode({ body = { kind = ["question"] } }) }
  }
  tags = { team = var.colour }
}

resource "aws_lambda_function_event_invoke_config" "teller" {
  function_name                = aws_lambda_function.teller.function_name
  maximum_event_age_in_seconds = 120
  maximum_retry_attempts       = 1
  destination_config {
    on_failure { destination = aws_sqs_queue.failed.arn }
  }
}

resource "aws_cloudformation_stack" "words" {
  name               = "words"
  on_failure         = "DELETE"
  timeout_in_minutes = 5
  parameters         = { Colour = var.colour }
  tags               = { team = "sea" }
  capabilities       = ["CAPABILITY_IAM"]
  template_body      = <<-PAGE
    Parameters: {Colour: {Type: String}}
    Resources:
      Word:
        Type: AWS::SSM::Parameter
        Properties: {Name: /words/one, Type: String, Value: !Ref Colour}
      Role:
        Type: AWS::IAM::Role
        Properties:
          AssumeRolePolicyDocument:
            Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
    Outputs:
      Said: {Value: !GetAtt Word.Value, Export: {Name: words-said}}
  PAGE
}

resource "aws_ecr_repository" "images" {
  name                 = "tides/teller"
  image_tag_mutability = "IMMUTABLE"
  tags                 = { team = var.colour }
  encryption_configuration { encryption_type = "KMS" }
  image_scanning_configuration { scan_on_push = true }
}

resource "aws_ecr_lifecycle_policy" "images" {
  repository = aws_ecr_repository.images.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_ecr_repository_policy" "images" {
  repository = aws_ecr_repository.images.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "functions"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    }]
  })
}

data "aws_lambda_function" "teller" {
  function_name = aws_lambda_function.teller.function_name
}

data "aws_lambda_alias" "live" {
  function_name = aws_lambda_function.teller.function_name
  name          = aws_lambda_alias.live.name
}

data "aws_lambda_layer_version" "shared" {
  layer_name = aws_lambda_layer_version.shared.layer_name
}

data "aws_lambda_function_url" "live" {
  function_name = aws_lambda_function.teller.function_name
  qualifier     = aws_lambda_function_url.live.qualifier
}

data "aws_lambda_functions" "all" {
  depends_on = [aws_lambda_function.teller, aws_lambda_function.listener]
}

data "aws_cloudformation_stack" "words" {
  name = aws_cloudformation_stack.words.name
}

data "aws_cloudformation_export" "said" {
  name       = "words-said"
  depends_on = [aws_cloudformation_stack.words]
}

data "aws_ecr_repository" "images" {
  name = aws_ecr_repository.images.name
}

output "value" {
  value = join(" ", [
    data.aws_lambda_function.teller.handler,
    data.aws_lambda_alias.live.function_version,
    data.aws_lambda_layer_version.shared.version,
    data.aws_lambda_function_url.live.function_url,
    length(data.aws_lambda_functions.all.function_names),
    data.aws_cloudformation_stack.words.outputs["Said"],
    data.aws_cloudformation_export.said.value,
    data.aws_ecr_repository.images.repository_url,
  ])
}
