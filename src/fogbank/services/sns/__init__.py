"""Amazon Simple Notification Service."""

from fogbank.control.service import Service

SERVICE = Service(
    name="sns",
    metrics="AWS/SNS",
    pages=("/_fogbank/sns", "/SimpleNotificationService-"),
    reconcilers={"sns/delivery": "delivery", "sns/pending": "pending"},
)
