"""Amazon EventBridge Scheduler."""

from fogbank.control.service import Service

SERVICE = Service(
    name="scheduler",
    metrics="AWS/Scheduler",
    reconcilers={"scheduler/schedule": "schedule", "scheduler/delivery": "delivery"},
)
