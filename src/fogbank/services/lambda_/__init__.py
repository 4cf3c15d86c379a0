"""AWS Lambda."""

from fogbank.control.service import Service

SERVICE = Service(
    name="lambda",
    metrics="AWS/Lambda",
    pages=("/_fogbank/lambda", "/_fogbank/functions"),
    hosts=r"[a-z2-7]{32}\.lambda-url\.[a-z0-9-]+\.on\.aws",
    reconcilers={
        "lambda/event": "event",
        "lambda/mapping": "mapping",
        "lambda/provisioned": "provisioned",
        "lambda/interface": "interface",
    },
)
