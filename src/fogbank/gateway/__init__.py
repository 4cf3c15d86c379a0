"""The front door: sockets, HTTP, signatures, and the way of a request to its operation."""
