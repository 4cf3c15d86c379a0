"""AWS Secrets Manager."""

from fogbank.control.service import Service

SERVICE = Service(name="secretsmanager", reconcilers={"secretsmanager/deadline": "deadline"})
