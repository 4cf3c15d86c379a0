"""What the transform AWS::Serverless makes of a template, by the package `aws-sam-translator`. Pure.

The package is imported when the first template asks for it: it brings boto3 with it, which takes its time.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.services.cloudformation import macros
from fogbank.services.cloudformation.template import invalid

_PACKAGE = "samtranslator"
_INSTALL = "pip install 'fogbank[functions]'"
_ONE_AT_A_TIME = threading.Lock()
"""The package keeps the region that it works for where all translations of a process find it."""


class Place(NamedTuple):
    """Where a template is deployed; the package asks it, in the place of boto3's session, for its region."""

    region_name: str
    partition: str


def check_installed() -> None:
    """Raises ValidationError where the package is missing."""
    if importlib.util.find_spec(_PACKAGE) is None:
        raise invalid(f"Transform {macros.SERVERLESS} needs the package aws-sam-translator: {_INSTALL}")


def translated(
    found: dict[str, Any], values: Mapping[str, Any], place: Place, policies: Mapping[str, str]
) -> dict[str, Any]:
    """A template without resources of AWS::Serverless. `policies`: ARNs of AWS's managed policies by name.

    Raises ValidationError, with what is wrong in the package's words.
    """
    check_installed()
    from samtranslator.model.exceptions import ExceptionWithMessage, InvalidDocumentException

    _check_applications(found)
    try:
        with _ONE_AT_A_TIME:
            return _translated(found, values, place, policies)
    except InvalidDocumentException as error:
        causes = sorted(cause.message for cause in error.causes)
        raise macros.failed(macros.SERVERLESS, " ".join((error.message, *causes))) from None
    except ExceptionWithMessage as error:
        raise macros.failed(macros.SERVERLESS, error.message) from None
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # It does not expect everything that people may write.
        raise macros.failed(
            macros.SERVERLESS, f"Invalid Serverless Application Specification document. {error!r}"
        ) from None


def _translated(
    found: dict[str, Any], values: Mapping[str, Any], place: Place, policies: Mapping[str, str]
) -> dict[str, Any]:
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator
    from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template

    given = {**values, "AWS::Region": place.region_name, "AWS::Partition": place.partition}
    # What names of resources are made of depends on this, as on AWS.
    to_py27_compatible_template(found, given)
    translator = Translator(dict(policies), Parser(), boto_session=place)
    try:
        translation = translator.translate(found, parameter_values=given)
    finally:
        # To nobody: it warns otherwise.
        translator.metrics.publish()
    whole: dict[str, Any] = undo_mark_unicode_str_in_template(translation)
    return whole


def _check_applications(found: Mapping[str, Any]) -> None:
    """Raises NotImplemented for applications of the repository, which the package would ask over the internet."""
    for logical, resource in (found.get("Resources") or {}).items():
        is_application = isinstance(resource, dict) and resource.get("Type") == "AWS::Serverless::Application"
        location = resource.get("Properties", {}).get("Location") if is_application else None
        if isinstance(location, dict):
            text = f"{logical}: applications of the Serverless Application Repository are not there; use a TemplateURL."
            raise AwsError("NotImplemented", text, status=501)
