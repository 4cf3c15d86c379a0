"""Amazon CloudWatch Logs."""

from fogbank.control.service import Service

SERVICE = Service(
    name="logs",
    metrics="AWS/Logs",
    reconcilers={
        "logs/group": "retention",
        "logs/garbage": "garbage",
        "logs/query": "query",
        "logs/export": "export",
        "logs/forward": "forward",
    },
)
