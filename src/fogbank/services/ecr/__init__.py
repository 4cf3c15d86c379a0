"""Amazon Elastic Container Registry: its repositories, without a registry behind them yet."""

from fogbank.control.service import Service

SERVICE = Service(name="ecr")
