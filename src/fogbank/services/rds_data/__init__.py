"""RDS Data API: SQL over HTTPS to Aurora clusters."""

from fogbank.control.service import Service

SERVICE = Service(name="rds-data")
