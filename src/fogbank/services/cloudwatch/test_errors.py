"""Every error that the model has for operations of CloudWatch: provoked, with its message, or excused, with the reason."""
# ruff: noqa: E501 (a table: a case to a line, with AWS's whole sentence)

from __future__ import annotations

from fogbank.testing import TestCloud, parity
from fogbank.testing.parity import Case

SERVICE = "cloudwatch"


NOW = 1_750_000_000.0
SPAN = {"StartTime": NOW - 3_600, "EndTime": NOW}
ALARM = {
    "AlarmName": "new",
    "MetricName": "m",
    "Namespace": "n",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def _made(cloud: TestCloud) -> dict[str, str]:
    metrics = cloud.client("cloudwatch")
    metrics("PutMetricData", Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.0}])
    metrics("PutMetricAlarm", **{**ALARM, "AlarmName": "known"})
    metrics("PutCompositeAlarm", AlarmName="both", AlarmRule="ALARM(known)")
    metrics("PutCompositeAlarm", AlarmName="above", AlarmRule="ALARM(both)")
    metrics("PutDashboard", DashboardName="known", DashboardBody='{"widgets":[]}')
    return {}


EXCUSED: dict[str, str] = {
    "ListAlarmMuteRules:ResourceNotFoundException": "an alarm that is not there has no mute rules, which is no error",
    "InternalServiceFault": "fogbank's own fault, never a client's",
    "ConflictException": "calls are carried out one after the other",
    "ConcurrentModificationException": "calls are carried out one after the other",
    "LimitExceededFault": "the quotas of alarms are not kept",
    "DeleteAlarms:ResourceConflict": "calls are carried out one after the other",
}
"""Errors that no client can provoke here, with the reason; `Operation:Error` for one operation alone."""

# fmt: off
CASES = [
    Case("PutMetricData", "MissingRequiredParameterException", "The parameter MetricData is required.", {"Namespace": "n"}),
    Case("PutMetricData", "InvalidParameterValueException", "The value AWS/ for parameter Namespace is invalid.", {"Namespace": "AWS/x", "MetricData": [{"MetricName": "m", "Value": 1.0}]}),
    Case("PutMetricData", "InvalidParameterValueException", "The value for parameter Namespace contains invalid characters.", {"Namespace": "é", "MetricData": [{"MetricName": "m", "Value": 1.0}]}),
    Case("PutMetricData", "MissingRequiredParameterException", "At least one of the parameters MetricData.member.1.Value, .Values and .StatisticValues must be specified.", {"Namespace": "n", "MetricData": [{"MetricName": "m"}]}),
    Case("PutMetricData", "InvalidParameterCombinationException", "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0, "Values": [1.0]}]}),
    Case("PutMetricData", "InvalidParameterValueException", "The value nan for parameter MetricData.member.1.Value is invalid.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": float("nan")}]}),
    Case("PutMetricData", "InvalidParameterValueException", "The value 4.6970851655476665e+108 for parameter MetricData.member.1.Value is outside of the range -2^360 to 2^360.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 4.6970851655476665e+108}]}),
    Case("PutMetricData", "InvalidParameterValueException", "The collection MetricData.member.1.Values must not have a size greater than 150.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Values": [1.0] * 151}]}),
    Case("PutMetricData", "InvalidParameterValueException", "The parameter MetricData.member.1.Values is empty.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Values": []}]}),
    Case("PutMetricData", "InvalidParameterCombinationException", "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must have the same size.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Values": [1.0], "Counts": [1.0, 2.0]}]}),
    Case("PutMetricData", "InvalidParameterValueException", "The parameter MetricData.member.1.Timestamp must specify a time no more than two weeks in the past and no more than two hours in the future.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0, "Timestamp": 1748790399.0}]}),
    Case("PutMetricData", "InvalidParameterValueException", "The parameter MetricData.member.1.Timestamp must specify a time no more than two weeks in the past and no more than two hours in the future.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0, "Timestamp": 1750007201.0}]}),
    Case("PutMetricData", "InvalidParameterValueException", "The parameter MetricData.member.1.StorageResolution must be 1 or 60.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0, "StorageResolution": 5}]}),
    Case("PutMetricData", "InvalidParameterValueException", "The parameter MetricData.member.1.Dimensions must contain only ASCII characters.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0, "Dimensions": [{"Name": "é", "Value": "x"}]}]}),
    Case("PutMetricData", "InvalidParameterValueException", "The value for parameter MetricData.member.1.Dimensions is invalid.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0, "Dimensions": [{"Name": ":a", "Value": "x"}]}]}),
    Case("PutMetricData", "InvalidParameterValueException", "The parameter MetricData.member.1.StatisticValues.SampleCount must be greater than 0.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "StatisticValues": {"SampleCount": 0.0, "Sum": 1.0, "Minimum": 1.0, "Maximum": 1.0}}]}),
    Case("PutMetricData", "InvalidParameterValueException", "The parameter MetricData.member.1.StatisticValues.Maximum must not be less than MetricData.member.1.StatisticValues.Minimum.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "StatisticValues": {"SampleCount": 1.0, "Sum": 1.0, "Minimum": 2.0, "Maximum": 1.0}}]}),
    Case("PutMetricData", "InvalidParameterValueException", "The collection MetricData must not have a size greater than 1000.", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0}] * 1001}),
    Case("GetMetricStatistics", "MissingRequiredParameterException", "Must specify either Statistics or ExtendedStatistics", {**SPAN, "Namespace": "n", "MetricName": "m", "Period": 60}),
    Case("GetMetricStatistics", "InvalidParameterValueException", "The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.", {**SPAN, "Namespace": "n", "MetricName": "m", "Period": 61, "Statistics": ["Sum"]}),
    Case("GetMetricStatistics", "InvalidParameterValueException", "The value p101 for parameter ExtendedStatistics.member.1 is invalid.", {**SPAN, "Namespace": "n", "MetricName": "m", "Period": 60, "Statistics": ["Sum"], "ExtendedStatistics": ["p101"]}),
    Case("GetMetricStatistics", "InvalidParameterCombinationException", "You have requested up to 1,441 datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", {**SPAN, "StartTime": 1749913540.0, "Namespace": "n", "MetricName": "m", "Period": 60, "Statistics": ["Sum"]}),
    Case("GetMetricStatistics", "InvalidParameterValueException", "The parameter StartTime must be less than the parameter EndTime.", {**SPAN, "StartTime": 1750000000.0, "Namespace": "n", "MetricName": "m", "Period": 60, "Statistics": ["Sum"]}),
    Case("GetMetricData", "InvalidNextToken", "The specified token isn't valid.", {**SPAN, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}], "NextToken": "x"}),
    Case("GetMetricData", "ValidationException", "The parameter MetricDataQueries is required.", {**SPAN, "MetricDataQueries": []}),
    Case("GetMetricData", "ValidationException", "The values for parameter Id in MetricDataQueries are not unique: m1.", {**SPAN, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}, {"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}]}),
    Case("GetMetricData", "ValidationException", "The value M for parameter MetricDataQueries.member.1.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.", {**SPAN, "MetricDataQueries": [{"Id": "M", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}]}),
    Case("GetMetricData", "ValidationException", "The parameters MetricDataQueries.member.1.Expression and MetricDataQueries.member.1.MetricStat are mutually exclusive and one is required.", {**SPAN, "MetricDataQueries": [{"Id": "a"}]}),
    Case("GetMetricData", "ValidationException", "The parameter StartTime must be less than the parameter EndTime.", {**SPAN, "StartTime": 1750000000.0, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}]}),
    Case("GetMetricData", "ValidationException", "The parameter MaxDatapoints must be between 1 and 100800.", {**SPAN, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}], "MaxDatapoints": 100801}),
    Case("GetMetricData", "ValidationException", "At least one of the queries must return data.", {**SPAN, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}, "ReturnData": False}]}),
    Case("GetMetricData", "ValidationException", "The value 61 for parameter MetricDataQueries.member.1.MetricStat.Period must be 1, 5, 10, 20, 30 or a multiple of 60.", {**SPAN, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 61, "Stat": "Sum"}}]}),
    Case("GetMetricData", "ValidationException", "The value p101 for parameter MetricDataQueries.member.1.MetricStat.Stat is not supported.", {**SPAN, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "p101"}}]}),
    Case("GetMetricData", "ValidationException", "Error in expression 'e1': unexpected 'the end'", {**SPAN, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}, {"Id": "e1", "Expression": "m1 +"}]}),
    Case("GetMetricData", "ValidationException", "Error in expression 'e1': Undefined variable(s): nothing", {**SPAN, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}, {"Id": "e1", "Expression": "nothing + m1"}]}),
    Case("GetMetricData", "ValidationException", "Error in expression 'e1': the function NOTHING is not supported", {**SPAN, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}, {"Id": "e1", "Expression": "NOTHING(m1)"}]}),
    Case("GetMetricData", "ValidationException", "Error in expression 'e1': the result is not a time series.", {**SPAN, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}, {"Id": "e1", "Expression": "1 + 1"}]}),
    Case("GetMetricData", "ValidationException", "Error in expression 'e1': it depends on itself.", {**SPAN, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}, {"Id": "e1", "Expression": "e1 + 1"}]}),
    Case("GetMetricData", "ValidationException", "Error in expression 'e1': the period 0.0 is not supported", {**SPAN, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}, {"Id": "e1", "Expression": "SEARCH('{n} m', 'Sum', 0)"}]}),
    Case("GetMetricData", "ValidationException", "Error in expression 'e1': the period inf is not supported", {**SPAN, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}, {"Id": "e1", "Expression": "SEARCH('{n} m', 'Sum', 1e400)"}]}),
    Case("GetMetricData", "ValidationException", "Error in expression 'e1': the time range has more than 100800 periods of 1 seconds", {**SPAN, "StartTime": 0.0, "MetricDataQueries": [{"Id": "e1", "Expression": "TIME_SERIES(1)", "Period": 1}]}),
    Case("GetMetricData", "ValidationException", "Error in expression 'e1': the time range has more than 100800 periods of 1 seconds", {**SPAN, "EndTime": 253402300799.0, "MetricDataQueries": [{"Id": "e1", "Expression": "TIME_SERIES(1)", "Period": 1}]}),
    Case("PutMetricAlarm", "InvalidParameterValueException", "The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.", {**ALARM, "Period": 61}),
    Case("PutMetricAlarm", "ValidationException", "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).", {**ALARM, "EvaluationPeriods": 1441}),
    Case("PutMetricAlarm", "ValidationException", "Option x is not a valid value for the parameter TreatMissingData.", {**ALARM, "TreatMissingData": "x"}),
    Case("PutMetricAlarm", "ValidationException", "The parameter DatapointsToAlarm must not be greater than EvaluationPeriods.", {**ALARM, "DatapointsToAlarm": 2}),
    Case("PutMetricAlarm", "ValidationException", "Exactly one of the parameters Statistic and ExtendedStatistic must be specified.", {**ALARM, "ExtendedStatistic": "p99"}),
    Case("PutMetricAlarm", "ValidationException", "Invalid arn syntax: x", {**ALARM, "AlarmActions": ["x"]}),
    Case("PutMetricAlarm", "ValidationException", "An alarm of another type is named both already.", {**ALARM, "AlarmName": "both"}),
    Case("PutMetricAlarm", "ValidationException", "Option x is not a valid value for the parameter EvaluateLowSampleCountPercentile.", {**ALARM, "EvaluateLowSampleCountPercentile": "x"}),
    Case("PutMetricAlarm", "ValidationException", "The parameters Metrics and MetricName are mutually exclusive.", {**ALARM, "Metrics": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}]}),
    Case("PutMetricAlarm", "MissingRequiredParameterException", "The parameter Threshold is required.", {"AlarmName": "new", "MetricName": "m", "Namespace": "n", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"}),
    Case("PutMetricAlarm", "MissingRequiredParameterException", "The parameter MetricName is required.", {"AlarmName": "new", "Namespace": "n", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}),
    Case("PutMetricAlarm", "ValidationException", "The parameter ComparisonOperator is required, and must compare with a static threshold.", {"AlarmName": "new", "MetricName": "m", "Namespace": "n", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0}),
    Case("PutMetricAlarm", "ValidationException", "The parameter ComparisonOperator is required, and must compare with a static threshold.", {**ALARM, "ComparisonOperator": "LessThanLowerThreshold"}),
    Case("PutMetricAlarm", "ValidationException", "1 validation error detected: Value '' at 'alarmName' failed to satisfy constraint: Member must have length greater than or equal to 1", {**ALARM, "AlarmName": ""}),
    Case("PutMetricAlarm", "ValidationException", "1 validation error detected: Value '" + "a" * 256 + "' at 'alarmName' failed to satisfy constraint: Member must have length less than or equal to 255", {**ALARM, "AlarmName": "a" * 256}),
    Case("PutMetricAlarm", "ValidationException", "Exactly one element of the metrics list should return data.", {"AlarmName": "new", "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "Metrics": [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}, {"Id": "e1", "Expression": "m1 * 2"}]}),
    Case("PutCompositeAlarm", "ValidationException", "AlarmRule must not contain errors: unexpected 'NOTHING(a)'", {"AlarmName": "new", "AlarmRule": "NOTHING(a)"}),
    Case("PutCompositeAlarm", "ValidationException", "AlarmRule contains an alarm that does not exist: none", {"AlarmName": "new", "AlarmRule": "ALARM(none)"}),
    Case("PutCompositeAlarm", "ValidationException", "An alarm of another type is named known already.", {"AlarmName": "known", "AlarmRule": "TRUE"}),
    Case("PutCompositeAlarm", "ValidationException", "AlarmRule must not contain a cycle: both depends on itself.", {"AlarmName": "both", "AlarmRule": "ALARM(above)"}),
    Case("PutCompositeAlarm", "ValidationException", "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required with a suppressor.", {"AlarmName": "new", "AlarmRule": "TRUE", "ActionsSuppressor": "known"}),
    Case("PutCompositeAlarm", "ValidationException", "ActionsSuppressor is required with its periods.", {"AlarmName": "new", "AlarmRule": "TRUE", "ActionsSuppressorWaitPeriod": 5}),
    Case("PutCompositeAlarm", "ValidationException", "1 validation error detected: Value '" + "NOT " * 3000 + "TRUE' at 'alarmRule' failed to satisfy constraint: Member must have length less than or equal to 10240", {"AlarmName": "new", "AlarmRule": "NOT " * 3000 + "TRUE"}),
    Case("DeleteAlarms", "ResourceNotFound", "Unknown alarm name(s): none", {"AlarmNames": ["none"]}, 404),
    Case("DeleteAlarms", "ValidationException", "Only one composite alarm can be deleted at a time.", {"AlarmNames": ["known", "both"]}),
    Case("DeleteAlarms", "ValidationException", "Cannot delete alarm both: it is used by above.", {"AlarmNames": ["both"]}),
    Case("SetAlarmState", "ResourceNotFound", "Alarm none does not exist.", {"AlarmName": "none", "StateValue": "OK", "StateReason": "x"}, 404),
    Case("SetAlarmState", "InvalidFormatFault", "StateReasonData must be a valid JSON document.", {"AlarmName": "known", "StateValue": "OK", "StateReason": "x", "StateReasonData": "{"}),
    Case("SetAlarmState", "ValidationException", "1 validation error detected: Value 'x' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [OK, ALARM, INSUFFICIENT_DATA]", {"AlarmName": "known", "StateValue": "x", "StateReason": "x"}),
    Case("DescribeAlarms", "InvalidNextToken", "The specified token isn't valid.", {"NextToken": "x"}),
    Case("DescribeAlarms", "InvalidParameterCombinationException", "AlarmNames and AlarmNamePrefix are mutually exclusive.", {"AlarmNames": ["a"], "AlarmNamePrefix": "a"}),
    Case("DescribeAlarms", "ValidationException", "1 validation error detected: Value '101' at 'maxRecords' failed to satisfy constraint: Member must have value less than or equal to 100", {"MaxRecords": 101}),
    Case("DescribeAlarmHistory", "InvalidNextToken", "The specified token isn't valid.", {"NextToken": "x"}),
    Case("DescribeAlarmsForMetric", "ValidationException", "1 validation error detected: Value null at 'metricName' failed to satisfy constraint: Member must not be null", {"Namespace": "n"}),
    Case("EnableAlarmActions", "ValidationException", "1 validation error detected: Value null at 'alarmNames' failed to satisfy constraint: Member must not be null", {}),
    Case("DisableAlarmActions", "ValidationException", "1 validation error detected: Value '[" + "a, " * 100 + "a]' at 'alarmNames' failed to satisfy constraint: Member must have length less than or equal to 100", {"AlarmNames": ["a"] * 101}),
    Case("PutDashboard", "DashboardInvalidInputError", "The field DashboardBody must be a valid JSON object: The body is not valid JSON", {"DashboardName": "new", "DashboardBody": "{"}),
    Case("PutDashboard", "DashboardInvalidInputError", "The field DashboardBody must be a valid JSON object: The body is not valid JSON", {"DashboardName": "new", "DashboardBody": "[" * 5000}),
    Case("PutDashboard", "DashboardInvalidInputError", "The field DashboardBody must be a valid JSON object: Should be one of metric, text, log, alarm, explorer, custom", {"DashboardName": "new", "DashboardBody": "{\"widgets\":[{\"type\":[\"x\"]}]}"}),
    Case("PutDashboard", "InvalidParameterValueException", "The value a b for field DashboardName contains invalid characters. ", {"DashboardName": "a b", "DashboardBody": "{\"widgets\":[]}"}),
    Case("GetDashboard", "DashboardNotFoundError", "Dashboard none does not exist", {"DashboardName": "none"}, 404),
    Case("DeleteDashboards", "DashboardNotFoundError", "Dashboard none does not exist", {"DashboardNames": ["none"]}, 404),
    Case("GetDashboard", "InvalidParameterValueException", "The value a b for field DashboardName contains invalid characters. ", {"DashboardName": "a b"}),
    Case("DeleteDashboards", "InvalidParameterValueException", "The value a b for field DashboardName contains invalid characters. ", {"DashboardNames": ["a b"]}),
    Case("ListDashboards", "InvalidParameterValueException", "The specified token isn't valid.", {"NextToken": "x"}),
    Case("ListMetrics", "InvalidParameterValueException", "The specified token isn't valid.", {"NextToken": "x"}),
    Case("GetAlarmMuteRule", "ResourceNotFoundException", "The alarm mute rule none does not exist.", {"AlarmMuteRuleName": "none"}, 404),
    Case("ListAlarmMuteRules", "InvalidNextToken", "The specified token isn't valid.", {"NextToken": "x"}),
    Case("DeleteAlarmMuteRule", "ValidationException", "1 validation error detected: Value null at 'alarmMuteRuleName' failed to satisfy constraint: Member must not be null", {}),
    Case("PutAlarmMuteRule", "ValidationException", "The expression rate(1 hour) must be a cron or an at expression.", {"Name": "new", "Rule": {"Schedule": {"Expression": "rate(1 hour)", "Duration": "PT1H", "Timezone": "UTC"}}}),
    Case("PutAlarmMuteRule", "ValidationException", "The schedule cron(61 * * * *) is invalid: 61 is not between 0 and 59", {"Name": "new", "Rule": {"Schedule": {"Expression": "cron(61 * * * *)", "Duration": "PT1H", "Timezone": "UTC"}}}),
    Case("PutAlarmMuteRule", "ValidationException", "The schedule cron(² * * * *) is invalid: ² is not between 0 and 59", {"Name": "new", "Rule": {"Schedule": {"Expression": "cron(² * * * *)", "Duration": "PT1H", "Timezone": "UTC"}}}),
    Case("PutAlarmMuteRule", "ValidationException", "The duration PT30S must be between PT1M and P15D.", {"Name": "new", "Rule": {"Schedule": {"Expression": "cron(0 0 * * *)", "Duration": "PT30S", "Timezone": "UTC"}}}),
    Case("PutAlarmMuteRule", "ValidationException", "The duration P16D must be between PT1M and P15D.", {"Name": "new", "Rule": {"Schedule": {"Expression": "cron(0 0 * * *)", "Duration": "P16D", "Timezone": "UTC"}}}),
    Case("PutAlarmMuteRule", "ValidationException", "The schedule cron(0 0 * * *) is invalid: Mars/Olympus is no time zone", {"Name": "new", "Rule": {"Schedule": {"Expression": "cron(0 0 * * *)", "Duration": "PT1H", "Timezone": "Mars/Olympus"}}}),
    Case("PutAlarmMuteRule", "ValidationException", "The schedule at(2025-13-01T00:00) is invalid: 2025-13-01T00:00 is no time", {"Name": "new", "Rule": {"Schedule": {"Expression": "at(2025-13-01T00:00)", "Duration": "PT1H", "Timezone": "UTC"}}}),
    Case("TagResource", "ResourceNotFoundException", "Resource arn:aws:cloudwatch:us-east-1:000000000000:alarm:none does not exist.", {"ResourceARN": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:none", "Tags": [{"Key": "a", "Value": "b"}]}, 404),
    Case("TagResource", "InvalidParameterValueException", "The value x for parameter ResourceARN is invalid.", {"ResourceARN": "x", "Tags": [{"Key": "a", "Value": "b"}]}),
    Case("UntagResource", "ResourceNotFoundException", "Resource arn:aws:cloudwatch:us-east-1:000000000000:alarm:none does not exist.", {"ResourceARN": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:none", "TagKeys": ["a"]}, 404),
    Case("UntagResource", "InvalidParameterValueException", "The value x for parameter ResourceARN is invalid.", {"ResourceARN": "x", "TagKeys": ["a"]}),
    Case("ListTagsForResource", "ResourceNotFoundException", "Resource arn:aws:cloudwatch:us-east-1:000000000000:alarm:none does not exist.", {"ResourceARN": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:none"}, 404),
    Case("ListTagsForResource", "InvalidParameterValueException", "The value x for parameter ResourceARN is invalid.", {"ResourceARN": "x"}),
    Case("TagResource", "InvalidParameterValueException", "A resource can have at most 50 tags.", {"ResourceARN": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:known", "Tags": [{"Key": "k0", "Value": ""}, {"Key": "k1", "Value": ""}, {"Key": "k2", "Value": ""}, {"Key": "k3", "Value": ""}, {"Key": "k4", "Value": ""}, {"Key": "k5", "Value": ""}, {"Key": "k6", "Value": ""}, {"Key": "k7", "Value": ""}, {"Key": "k8", "Value": ""}, {"Key": "k9", "Value": ""}, {"Key": "k10", "Value": ""}, {"Key": "k11", "Value": ""}, {"Key": "k12", "Value": ""}, {"Key": "k13", "Value": ""}, {"Key": "k14", "Value": ""}, {"Key": "k15", "Value": ""}, {"Key": "k16", "Value": ""}, {"Key": "k17", "Value": ""}, {"Key": "k18", "Value": ""}, {"Key": "k19", "Value": ""}, {"Key": "k20", "Value": ""}, {"Key": "k21", "Value": ""}, {"Key": "k22", "Value": ""}, {"Key": "k23", "Value": ""}, {"Key": "k24", "Value": ""}, {"Key": "k25", "Value": ""}, {"Key": "k26", "Value": ""}, {"Key": "k27", "Value": ""}, {"Key": "k28", "Value": ""}, {"Key": "k29", "Value": ""}, {"Key": "k30", "Value": ""}, {"Key": "k31", "Value": ""}, {"Key": "k32", "Value": ""}, {"Key": "k33", "Value": ""}, {"Key": "k34", "Value": ""}, {"Key": "k35", "Value": ""}, {"Key": "k36", "Value": ""}, {"Key": "k37", "Value": ""}, {"Key": "k38", "Value": ""}, {"Key": "k39", "Value": ""}, {"Key": "k40", "Value": ""}, {"Key": "k41", "Value": ""}, {"Key": "k42", "Value": ""}, {"Key": "k43", "Value": ""}, {"Key": "k44", "Value": ""}, {"Key": "k45", "Value": ""}, {"Key": "k46", "Value": ""}, {"Key": "k47", "Value": ""}, {"Key": "k48", "Value": ""}, {"Key": "k49", "Value": ""}, {"Key": "k50", "Value": ""}]}),
    Case("TagResource", "InvalidParameterValueException", "Tag keys that begin with aws: are reserved for system use.", {"ResourceARN": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:known", "Tags": [{"Key": "aws:a", "Value": ""}]}),
]
# fmt: on

TestErrors = parity.refusals(SERVICE, CASES, EXCUSED, _made)
