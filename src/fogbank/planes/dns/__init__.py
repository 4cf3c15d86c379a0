"""The domain name system: messages as values, and the servers that answer them."""
