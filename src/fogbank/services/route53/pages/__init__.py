"""What Route 53 answers beside its API: questions for names, and fogbank's own pages about them."""

from fogbank.services.route53.pages.local import answer
from fogbank.services.route53.pages.wire import addresses, private_answer, public_answer, public_plan, public_plans

__all__ = ["addresses", "answer", "private_answer", "public_answer", "public_plan", "public_plans"]
