"""AWS CloudFormation: stacks of resources, made and changed together from a template, or not at all."""

from fogbank.control.service import Service

SERVICE = Service(name="cloudformation", reconcilers={"cloudformation/stack": "stack"})
