"""Amazon Route 53: hosted zones, and record sets that are answered by routing policies."""

from fogbank.control.service import Service

SERVICE = Service(name="route53")
