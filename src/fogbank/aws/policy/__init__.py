"""The IAM policy language: documents checked and compiled, and questions decided by them as AWS does."""

from fogbank.aws.policy.checks import check
from fogbank.aws.policy.context import PrincipalFacts, RequestFacts, global_keys
from fogbank.aws.policy.document import Policy, Statement
from fogbank.aws.policy.evaluate import Decision, PolicySet, evaluate
from fogbank.aws.policy.grammar import Kind, MalformedPolicy
from fogbank.aws.policy.messages import denial_message
from fogbank.aws.policy.terms import Matched, Principal, Question

__all__ = [
    "Decision",
    "Kind",
    "MalformedPolicy",
    "Matched",
    "Policy",
    "PolicySet",
    "Principal",
    "PrincipalFacts",
    "Question",
    "RequestFacts",
    "Statement",
    "check",
    "denial_message",
    "evaluate",
    "global_keys",
]
