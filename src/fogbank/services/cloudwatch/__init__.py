"""Amazon CloudWatch."""

from fogbank.control.service import Service

SERVICE = Service(
    name="cloudwatch",
    reconcilers={
        "cloudwatch/alarm": "alarm",
        "cloudwatch/suppression": "suppression",
        "cloudwatch/call": "call",
        "cloudwatch/mute-rule": "mute",
        "cloudwatch/tally": "upkeep",
    },
)
