"""What Lambda does beside the calls: events, event sources, environments that are kept ready, interfaces."""

from fogbank.services.lambda_.reconcile.events import event
from fogbank.services.lambda_.reconcile.interfaces import interface
from fogbank.services.lambda_.reconcile.mappings import mapping
from fogbank.services.lambda_.reconcile.provisioned import provisioned

__all__ = ["event", "interface", "mapping", "provisioned"]
