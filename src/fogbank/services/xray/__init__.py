"""AWS X-Ray."""

from fogbank.control.service import Service

SERVICE = Service(name="xray", pages=("/_fogbank/xray",), reconcilers={"xray/upkeep": "upkeep"})
