"""What stacks set in motion: resources made, changed and taken away, several at a time, in the order they need."""

from fogbank.services.cloudformation.reconcile.stacks import change_set, stack

__all__ = ["change_set", "stack"]
