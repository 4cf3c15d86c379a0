"""Amazon S3 Control: what an account says of all its buckets."""

from fogbank.control.service import Service

SERVICE = Service(name="s3control", actions="s3")
