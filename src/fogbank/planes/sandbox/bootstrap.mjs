// The loop of a Node function: it asks the runtime API for events, calls the function, and says what came of it.
// Lambda Developer Guide, "Using the Lambda runtime API" and "Define Lambda function handler in Node.js".
import net from 'node:net';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import { format } from 'node:util';
import { pathToFileURL } from 'node:url';

const env = process.env;
const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':');
const ROOT = '/2018-06-01/runtime/';
const STREAMING = Symbol('streaming');
const isJson = (env.AWS_LAMBDA_LOG_FORMAT ?? 'Text').toUpperCase() === 'JSON';
const LEVELS = { TRACE: 10, DEBUG: 20, INFO: 30, WARN: 40, ERROR: 50, FATAL: 60 };
const lowest = LEVELS[(env.AWS_LAMBDA_LOG_LEVEL ?? '').toUpperCase()] ?? 0;
let requestId = '';

// One connection, on which requests follow each other.
const socket = net.connect({ host, port: Number(port), noDelay: true });
let data = Buffer.alloc(0);
let waiting = null;
const answered = () => {
  if (!waiting) return;
  const end = data.indexOf('\r\n\r\n');
  if (end < 0) return;
  const [first, ...lines] = data.toString('latin1', 0, end).split('\r\n');
  const headers = {};
  for (const line of lines) {
    const at = line.indexOf(':');
    headers[line.slice(0, at).toLowerCase()] = line.slice(at + 1).trim();
  }
  const size = Number(headers['content-length'] ?? 0);
  if (data.length < end + 4 + size) return;
  const body = data.subarray(end + 4, end + 4 + size);
  data = data.subarray(end + 4 + size);
  const tell = waiting;
  waiting = null;
  // What is left to do for the function keeps this process alive, and waiting for an event does too; nothing else.
  tell({ status: Number(first.split(' ')[1]), headers, body });
};
socket.on('data', (part) => { data = data.length ? Buffer.concat([data, part]) : part; answered(); });
socket.on('close', () => process.exit(1));
socket.on('error', () => process.exit(1));

const reply = () => new Promise((tell) => { waiting = tell; });
const head = (method, what, more) => `${method} ${ROOT}${what} HTTP/1.1\r\nHost: ${host}:${port}\r\n${more}\r\n`;
const ask = (method, what, body = '', more = '') => {
  const size = Buffer.byteLength(body);
  const done = reply();
  socket.write(head(method, what, `Content-Type: application/json\r\nContent-Length: ${size}\r\n${more}`) + body);
  return done;
};

// Errors and the log

const described = (error) => {
  if (error instanceof Error || (error && typeof error === 'object' && 'stack' in error)) {
    const told = { errorType: error.name ?? 'Error', errorMessage: error.message ?? '', trace: String(error.stack ?? '').split('\n') };
    return error.trace ? { ...told, trace: error.trace } : told;
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
};
const kindHeader = (told) => `Lambda-Runtime-Function-Error-Type: ${told.errorType.replace(/[^\x20-\x7e]/g, '?')}\r\n`;

const print = (level, text) => {
  const now = new Date().toISOString();
  fs.writeSync(1, `${now}\t${requestId || 'undefined'}\t${level}\t${text.replace(/\n/g, '\r')}\n`);
};
const log = (level, values) => {
  if (LEVELS[level] < lowest) return;
  if (!isJson) { print(level, format(...values)); return; }
  const [only] = values;
  const message = values.length === 1 && typeof only === 'object' && !(only instanceof Error) ? only : format(...values);
  const told = { timestamp: new Date().toISOString(), level, requestId, message };
  if (only instanceof Error) {
    Object.assign(told, { errorType: only.name, errorMessage: only.message, stackTrace: String(only.stack).split('\n') });
  }
  fs.writeSync(1, JSON.stringify(told) + '\n');
};
for (const [name, level] of Object.entries({ log: 'INFO', info: 'INFO', debug: 'DEBUG', warn: 'WARN', error: 'ERROR', trace: 'TRACE', fatal: 'FATAL' })) {
  console[name] = (...values) => log(level, values);
}
const failed = (kind, error) => {
  if (isJson) { log('ERROR', [error instanceof Error ? error : String(error)]); return; }
  const told = described(error);
  print('ERROR', `${kind} \t${JSON.stringify({ errorType: told.errorType, errorMessage: told.errorMessage, stack: told.trace })}`);
};

// Streamed answers: "Response streaming for Lambda functions"

class ResponseStream extends Writable {
  constructor(id) {
    super({ highWaterMark: 64 * 1024 });
    this.id = id;
    this.contentType = 'application/octet-stream';
    this.isOpen = false;
  }
  setContentType(kind) { this.contentType = kind; }
  open() {
    if (this.isOpen) return;
    this.isOpen = true;
    this.reply = reply();
    socket.write(head('POST', `invocation/${this.id}/response`,
      `Content-Type: ${this.contentType}\r\nTransfer-Encoding: chunked\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n`
      + 'Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n'));
  }
  _write(part, encoding, done) {
    if (!part.length) { done(); return; }
    this.open();
    socket.cork();
    socket.write(part.length.toString(16) + '\r\n');
    socket.write(part);
    socket.write('\r\n', () => done());
    socket.uncork();
  }
  _final(done) { this.open(); socket.write('0\r\n\r\n'); this.reply.then(() => done(), done); }
  fail(told) {
    const body = Buffer.from(JSON.stringify(told)).toString('base64');
    socket.write(`0\r\n${kindHeader(told)}Lambda-Runtime-Function-Error-Body: ${body}\r\n\r\n`);
    return this.reply;
  }
}
globalThis.awslambda = {
  streamifyResponse: (handler, options) => { handler[STREAMING] = options ?? true; return handler; },
  HttpResponseStream: {
    from: (stream, prelude) => {
      stream.setContentType('application/vnd.awslambda.http-integration-response');
      stream.write(JSON.stringify(prelude));
      stream.write(Buffer.alloc(8));
      return stream;
    },
  },
};

// The function

const fault = (name, message) => Object.assign(new Error(message), { name });
const task = env.LAMBDA_TASK_ROOT ?? process.cwd();
const missing = (error, file) => ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'].includes(error?.code) && file;
const loaded = async (base) => {
  const file = ['', '.js', '.mjs', '.cjs'].map((end) => base + end).find((one) => fs.statSync(one, { throwIfNoEntry: false })?.isFile());
  if (!file) throw fault('Runtime.ImportModuleError', `Error: Cannot find module '${path.basename(base)}'`);
  const require = createRequire(pathToFileURL(path.join(task, '/')));
  try {
    if (file.endsWith('.mjs')) return await import(pathToFileURL(file));
    try {
      return require(file);
    } catch (error) {
      if (error?.code !== 'ERR_REQUIRE_ESM' && error?.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error;
      return await import(pathToFileURL(file));
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw Object.assign(fault('Runtime.UserCodeSyntaxError', `SyntaxError: ${error.message}`), { stack: error.stack });
    if (missing(error, file)) throw Object.assign(fault('Runtime.ImportModuleError', `Error: ${error.message}`), { stack: error.stack });
    throw error;
  }
};
const found = async (name) => {
  const folder = path.dirname(name);
  const last = path.basename(name);
  const at = last.indexOf('.');
  if (at < 1) throw fault('Runtime.MalformedHandlerName', 'Bad handler');
  const module = await loaded(path.resolve(task, folder, last.slice(0, at)));
  const names = last.slice(at + 1).split('.');
  const pick = (from) => names.reduce((value, one) => value?.[one], from);
  const handler = pick(module) ?? pick(module?.default);
  if (handler === undefined) throw fault('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  if (typeof handler !== 'function') throw fault('Runtime.HandlerNotFound', `${name} is not a function`);
  return handler;
};

const contextOf = (headers) => {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const parsed = (text) => (text ? JSON.parse(text) : undefined);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed(headers['lambda-runtime-client-context']),
    identity: parsed(headers['lambda-runtime-cognito-identity']),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
};

// Answers by callback wait until nothing is left to do, unless the function says otherwise.
const idle = [];
const called = (handler, event, context) => new Promise((yes, no) => {
  const settle = (error, value) => {
    const done = () => (error !== undefined && error !== null ? no(error) : yes(value));
    if (context.callbackWaitsForEmptyEventLoop) idle.unshift(done); else setImmediate(done);
    if (context.callbackWaitsForEmptyEventLoop) socket.unref();
  };
  context.done = settle;
  context.fail = (error) => settle(error ?? 'handled');
  context.succeed = (value) => settle(null, value);
  const result = handler(event, context, settle);
  if (result && typeof result.then === 'function') result.then(yes, no);
  else if (handler.length < 3 && result !== undefined) yes(result);
  else if (!idle.length) { idle.push(() => yes(null)); socket.unref(); }
});
process.on('beforeExit', () => {
  socket.ref();
  const [first] = idle.splice(0);
  if (first) first();
});

const streamed = async (handler, event, context) => {
  const stream = new ResponseStream(requestId);
  try {
    await handler(event, stream, context);
    if (!stream.writableEnded) stream.end();
    if (!stream.writableFinished) await new Promise((yes, no) => { stream.once('finish', yes); stream.once('error', no); });
  } catch (error) {
    failed('Invoke Error', error);
    const told = described(error);
    if (stream.isOpen) await stream.fail(told);
    else await ask('POST', `invocation/${requestId}/error`, JSON.stringify(told), kindHeader(told));
  }
};
const buffered = async (handler, event, context) => {
  let text;
  try {
    text = JSON.stringify(await called(handler, event, context)) ?? 'null';
  } catch (error) {
    failed('Invoke Error', error);
    const told = described(error);
    await ask('POST', `invocation/${requestId}/error`, JSON.stringify(told), kindHeader(told));
    return;
  } finally {
    idle.length = 0;
    socket.ref();
  }
  const { status } = await ask('POST', `invocation/${requestId}/response`, text);
  if (status !== 413) return;
  const told = { errorType: 'Function.ResponseSizeTooLarge', errorMessage: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).' };
  await ask('POST', `invocation/${requestId}/error`, JSON.stringify(told), kindHeader(told));
};

const dead = async (error, kind) => {
  failed(kind, error);
  const told = described(error);
  const wrapped = { errorType: kind === 'Uncaught Exception' ? 'Runtime.UncaughtException' : 'Runtime.UnhandledPromiseRejection' };
  const whole = told.errorType.startsWith('Runtime.') ? told : { ...told, ...(kind === 'Uncaught Exception' ? {} : { ...wrapped, errorMessage: `${told.errorType}: ${told.errorMessage}` }) };
  const where = requestId ? `invocation/${requestId}/error` : 'init/error';
  if (!waiting) await ask('POST', where, JSON.stringify(whole), kindHeader(whole));
  process.exit(requestId ? 129 : 1);
};
process.on('uncaughtException', (error) => dead(error, 'Uncaught Exception'));
process.on('unhandledRejection', (error) => dead(error, 'Unhandled Promise Rejection'));

const main = async () => {
  let handler;
  try {
    handler = await found(env._HANDLER);
  } catch (error) {
    failed('Uncaught Exception', error);
    const told = described(error);
    await ask('POST', 'init/error', JSON.stringify(told), kindHeader(told));
    process.exit(1);
  }
  for (;;) {
    const { headers, body } = await ask('GET', 'invocation/next');
    requestId = headers['lambda-runtime-aws-request-id'];
    if (headers['lambda-runtime-trace-id']) env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    else delete env._X_AMZN_TRACE_ID;
    const answer = handler[STREAMING] ? streamed : buffered;
    await answer(handler, JSON.parse(body.toString()), contextOf(headers));
  }
};
main();
