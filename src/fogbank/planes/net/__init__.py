"""Networks: namespaces, links, routes and rules, made true by facts."""
