"""AWS CloudFormation: stacks of resources, made and changed together from a template, or not at all."""

from fogbank.control.service import Service

SERVICE = Service(
    name="cloudformation",
    pages=("/_fogbank/cloudformation", "/_fogbank/stacks"),
    hosts=r"cloudformation-(custom-resource-response|waitcondition)-[a-z0-9]+\.s3\.[a-z0-9-]+\.amazonaws\.com",
    reconcilers={"cloudformation/stack": "stack", "cloudformation/change-set": "change_set"},
)
