"""AWS Systems Manager: Parameter Store."""

from fogbank.control.service import Service

SERVICE = Service(name="ssm", reconcilers={"ssm/deadline": "deadline"})
