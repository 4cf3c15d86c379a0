"""What every service stands on: contexts, dispatch, permissions, events and reconcilers."""
