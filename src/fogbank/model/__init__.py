"""The APIs as AWS describes them: botocore's JSON, loaded and indexed."""
