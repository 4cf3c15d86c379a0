"""Amazon EventBridge: buses, rules, targets, archives and replays."""

from fogbank.control.service import Service

SERVICE = Service(
    name="events",
    metrics="AWS/Events",
    reconcilers={
        "events/rule": "schedule",
        "events/archive": "retention",
        "events/replay": "replay",
        "events/delivery": "delivery",
        "events/connection": "authorization",
    },
)
