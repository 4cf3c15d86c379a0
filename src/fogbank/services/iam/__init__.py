"""AWS Identity and Access Management."""

from fogbank.control.service import Service

SERVICE = Service(name="iam")
