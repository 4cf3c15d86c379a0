"""What CloudFormation answers."""
