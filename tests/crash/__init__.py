"""The process ends where it hurts most, and what was promised holds afterwards."""
