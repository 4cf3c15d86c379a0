// A function that answers in words that it reads from Parameter Store, and writes down what comes by a queue.
import { App, CfnOutput, Duration, Stack } from "aws-cdk-lib";
import { Code, Function, Runtime } from "aws-cdk-lib/aws-lambda";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { StringParameter } from "aws-cdk-lib/aws-ssm";

const app = new App();
const account = process.env.CDK_DEFAULT_ACCOUNT;
const region = process.env.CDK_DEFAULT_REGION;
const stack = new Stack(app, "Tides", { env: { account, region } });

const words = new StringParameter(stack, "Words", { stringValue: process.env.WORDS ?? "low tide" });
const heard = new StringParameter(stack, "Heard", { stringValue: "nothing" });
const questions = new Queue(stack, "Questions", { visibilityTimeout: Duration.seconds(30) });
const teller = new Function(stack, "Teller", {
  runtime: Runtime.PYTHON_3_11,
  handler: "teller.tell",
  code: Code.fromAsset("code"),
  environment: { WORDS: words.parameterName, HEARD: heard.parameterName },
});
words.grantRead(teller);
heard.grantWrite(teller);
teller.addEventSource(new SqsEventSource(questions));

new CfnOutput(stack, "TellerName", { value: teller.functionName });
new CfnOutput(stack, "QuestionsUrl", { value: questions.queueUrl });
new CfnOutput(stack, "HeardName", { value: heard.parameterName });
