"""Tells when the tide is high in a harbour, as a parameter has it."""

import json
import os

import boto3

SSM, SQS = boto3.client("ssm"), boto3.client("sqs")


def tell(event, context):
    table = json.loads(SSM.get_parameter(Name=os.environ["TABLE"])["Parameter"]["Value"])
    said = {"harbour": os.environ["HARBOUR"], "high": table["high"]}
    if "Records" in event or event.get("source") == "aws.events":
        SQS.send_message(QueueUrl=os.environ["TOLD"], MessageBody=json.dumps(said))
    return said
