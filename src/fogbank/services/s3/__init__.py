"""Amazon S3."""

from fogbank.control.service import Service

SERVICE = Service(
    name="s3",
    metrics="AWS/S3",
    reconcilers={
        "s3/configuration": "configuration",
        "s3/log-batch": "log_batch",
        "s3/notice": "notice",
        "s3/replica": "replica",
    },
    hosts=r".+\.s3-website([.-][a-z0-9-]+)?\.(localhost|localhost\.localstack\.cloud|amazonaws\.com(\.cn)?)",
)
