"""Engines: other people's servers as processes of their own, which live on when the cloud dies."""
