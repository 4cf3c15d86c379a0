"""Amazon Simple Queue Service."""

from fogbank.control.service import Service

SERVICE = Service(name="sqs", metrics="AWS/SQS", reconcilers={"sqs/watch": "expiry", "sqs/move-task": "move_task"})
