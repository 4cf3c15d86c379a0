"""EC2's resource types: networks, what is in them, and who may pass."""

from fogbank.services.ec2.types import addresses, endpoints, firewalls, networks, routes

TYPES = (*networks.TYPES, *routes.TYPES, *firewalls.TYPES, *addresses.TYPES, *endpoints.TYPES)
