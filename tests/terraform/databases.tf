terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  s3_use_path_style = true
}

variable "team" { default = "red" }

locals {
  tags = { team = var.team }
}

data "aws_rds_engine_version" "postgres" {
  engine = "postgres"
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "each" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.${count.index}.0/24"
  availability_zone = "us-east-1${["a", "b"][count.index]}"
}

resource "aws_db_subnet_group" "main" {
  name       = "main"
  subnet_ids = aws_subnet.each[*].id
  tags       = local.tags
}

resource "aws_security_group" "databases" {
  name   = "databases"
  vpc_id = aws_vpc.main.id
}

resource "aws_db_parameter_group" "main" {
  name   = "main"
  family = data.aws_rds_engine_version.postgres.parameter_group_family

  parameter {
    name  = "work_mem"
    value = "8192"
  }
  parameter {
    name         = "max_connections"
    value        = "150"
    apply_method = "pending-reboot"
  }
}

resource "aws_rds_cluster_parameter_group" "main" {
  name   = "shared"
  family = "aurora-postgresql${split(".", data.aws_rds_engine_version.postgres.version)[0]}"
}

resource "aws_db_instance" "main" {
  identifier              = "shop"
  engine                  = "postgres"
  engine_version          = data.aws_rds_engine_version.postgres.version
  instance_class          = "db.t3.micro"
  allocated_storage       = 20
  db_name                 = "shop"
  username                = "ann"
  password                = "correct-horse-9"
  db_subnet_group_name    = aws_db_subnet_group.main.name
  vpc_security_group_ids  = [aws_security_group.databases.id]
  parameter_group_name    = aws_db_parameter_group.main.name
  backup_retention_period = 7
  backup_window           = "03:00-03:30"
  maintenance_window      = "sun:05:00-sun:05:30"
  skip_final_snapshot     = true
  apply_immediately       = true
  tags                    = local.tags
}

resource "aws_db_instance" "replica" {
  identifier          = "shop-replica"
  replicate_source_db = aws_db_instance.main.identifier
  instance_class      = "db.t3.micro"
  skip_final_snapshot = true
}

resource "aws_rds_cluster" "main" {
  cluster_identifier              = "orders"
  engine                          = "aurora-postgresql"
  master_username                 = "ann"
  master_password                 = "correct-horse-9"
  db_subnet_group_name            = aws_db_subnet_group.main.name
  vpc_security_group_ids          = [aws_security_group.databases.id]
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.main.name
  preferred_backup_window         = "03:00-03:30"
  preferred_maintenance_window    = "sun:05:00-sun:05:30"
  skip_final_snapshot             = true
  tags                            = local.tags
}

resource "aws_rds_cluster_instance" "each" {
  count              = 2
  identifier         = "orders-${count.index}"
  cluster_identifier = aws_rds_cluster.main.id
  engine             = aws_rds_cluster.main.engine
  instance_class     = "db.r6g.large"
  promotion_tier     = count.index
}

output "value" {
  value = "${aws_db_instance.main.endpoint} ${aws_rds_cluster.main.reader_endpoint}"
}
