"""AWS Key Management Service: keys, what they encrypt and sign, and who may use them."""

from fogbank.control.service import Service

SERVICE = Service(name="kms", reconcilers={"kms/key": "deadlines"})
