"""The management API of networks, a file for each noun."""
