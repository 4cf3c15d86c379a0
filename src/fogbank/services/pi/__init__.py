"""Amazon RDS Performance Insights: what sessions of databases were at, and what the databases counted."""

from fogbank.control.service import Service

SERVICE = Service(name="pi")
