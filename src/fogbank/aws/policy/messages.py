"""AWS's texts for what is not allowed.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

from fogbank.aws.policy.evaluate import Decision
from fogbank.aws.policy.terms import Principal, Question


def denial_message(principal: Principal, question: Question, decision: Decision) -> str:
    """`User: arn:… is not authorized to perform: ssm:GetParameter on resource: arn:… because no identity-based policy
    allows the ssm:GetParameter action`, or `… with an explicit deny in an identity-based policy`.

    The resource stands in quotation marks in what S3 says, and nowhere else.
    """
    user = principal.arn or principal.service or "anonymous"
    quote = '"' if question.action.lower().startswith("s3:") else ""
    head = (
        f"User: {user} is not authorized to perform: {question.action} on resource: {quote}{question.resource}{quote}"
    )
    if decision.explicit:
        return f"{head} with an {decision.reason}"
    return f"{head} because {decision.reason} the {question.action} action"
