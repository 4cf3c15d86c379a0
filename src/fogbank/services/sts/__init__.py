"""AWS Security Token Service."""

from fogbank.control.service import Service

SERVICE = Service(name="sts")
