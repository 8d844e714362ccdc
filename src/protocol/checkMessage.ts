import type { ErrorKind, UserErrorData } from './errors';
import type { EngineCommand, EngineReply, JobOutcome, JobRequest, LogLevel, MemoryUse, Progress } from './jobs';
import { deviceNames } from './requests';

/** How large one message may be. Larger results belong in files. */
export const messageBounds = { depth: 24, values: 2_000_000, bytes: 256 * 1024 * 1024 } as const;

/** What is wrong with a message from the other process. */
export class MessageError extends Error {}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Checks a message to the engine. The request is plain data within bounds and has a kind; its handler checks the rest.
 *
 * @throws MessageError
 */
export function checkEngineCommand(message: unknown): EngineCommand {
  checkPlain(message);
  const fields = record(message, 'message');
  if (fields.type === 'stop') return { type: 'stop' };
  if (fields.type !== 'run') throw new MessageError(`a command of type ${show(fields.type)}`);
  const request = record(fields.request, 'request');
  text(request.kind, 'request.kind', 64);
  return {
    type: 'run',
    id: integer(fields.id, 'id'),
    request: request as unknown as JobRequest,
    idleSeconds: finite(fields.idleSeconds, 'idleSeconds', 0, 24 * 3600),
  };
}

/** @throws MessageError */
export function checkEngineReply(message: unknown): EngineReply {
  checkPlain(message);
  const fields = record(message, 'message');
  const type = fields.type;
  if (type === 'ready') return { type };
  const id = integer(fields.id, 'id');
  if (type === 'accepted') return { type, id };
  if (type === 'progress') return { type, id, progress: progress(fields.progress) };
  if (type === 'log') {
    return { type, id, level: oneOf(fields.level, 'level', logLevels), text: text(fields.text, 'text', 65_536) };
  }
  if (type === 'event') return { type, id, event: fields.event };
  if (type === 'result') return { type, id, outcome: outcome(fields.outcome) };
  if (type === 'error') return { type, id, error: userError(fields.error) };
  if (type === 'fault') return { type, id, stack: text(fields.stack, 'stack', 65_536) };
  throw new MessageError(`a reply of type ${show(type)}`);
}

const logLevels: readonly LogLevel[] = ['debug', 'info', 'warning'];
const errorKinds: readonly ErrorKind[] = ['badInput', 'engineFailed', 'checkFailed', 'cancelled'];

function progress(value: unknown): Progress {
  const fields = record(value, 'progress');
  return {
    stage: text(fields.stage, 'stage', 200),
    done: finite(fields.done, 'done', 0, Number.MAX_SAFE_INTEGER),
    total: finite(fields.total, 'total', 0, Number.MAX_SAFE_INTEGER),
    unit: text(fields.unit, 'unit', 64),
    ...(fields.rate === undefined ? {} : { rate: finite(fields.rate, 'rate', 0, Number.MAX_VALUE) }),
    ...(fields.secondsLeft === undefined
      ? {}
      : { secondsLeft: finite(fields.secondsLeft, 'secondsLeft', 0, Number.MAX_VALUE) }),
    ...(fields.note === undefined ? {} : { note: text(fields.note, 'note', 1000) }),
  };
}

function outcome(value: unknown): JobOutcome<unknown> {
  const fields = record(value, 'outcome');
  const device = fields.device === undefined ? undefined : record(fields.device, 'device');
  return {
    result: fields.result,
    device:
      device === undefined
        ? undefined
        : {
            device: oneOf(device.device, 'device', deviceNames),
            reason: text(device.reason, 'reason', 10_000),
          },
    memory: memory(fields.memory),
    seconds: finite(fields.seconds, 'seconds', 0, Number.MAX_VALUE),
  };
}

function memory(value: unknown): MemoryUse {
  const fields = record(value, 'memory');
  const bytes = (name: string) => finite(fields[name], name, 0, Number.MAX_SAFE_INTEGER);
  return {
    estimatedBytes: fields.estimatedBytes === undefined ? undefined : bytes('estimatedBytes'),
    peakBytes: bytes('peakBytes'),
    beforeBytes: bytes('beforeBytes'),
    peakResidentBytes: bytes('peakResidentBytes'),
    measuredAs: oneOf(fields.measuredAs, 'measuredAs', ['anonymous', 'resident']),
  };
}

function userError(value: unknown): UserErrorData {
  const fields = record(value, 'error');
  return {
    kind: oneOf(fields.kind, 'kind', errorKinds),
    code: text(fields.code, 'code', 200),
    message: text(fields.message, 'message', 65_536),
    next: text(fields.next, 'next', 65_536),
  };
}

/** Plain data only: null, booleans, numbers, bigints, strings, typed arrays, arrays and objects without a class. */
function checkPlain(root: unknown): void {
  let values = 0;
  let bytes = 0;
  const visit = (value: unknown, depth: number): void => {
    values += 1;
    if (values > messageBounds.values) throw new MessageError(`more than ${messageBounds.values} values`);
    if (depth > messageBounds.depth) throw new MessageError(`nested deeper than ${messageBounds.depth}`);
    if (typeof value === 'string') bytes += 2 * value.length;
    else if (ArrayBuffer.isView(value)) bytes += value.byteLength;
    else if (Array.isArray(value)) for (const item of value) visit(item, depth + 1);
    else if (typeof value === 'object' && value !== null) {
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) throw new MessageError('an object with a class');
      for (const [key, item] of Object.entries(value)) {
        bytes += 2 * key.length;
        visit(item, depth + 1);
      }
    } else if (typeof value === 'function' || typeof value === 'symbol') throw new MessageError(`a ${typeof value}`);
    if (bytes > messageBounds.bytes) throw new MessageError(`more than ${messageBounds.bytes} bytes`);
  };
  visit(root, 0);
}

export function record(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)) {
    return value as Fields;
  }
  throw new MessageError(`${name} is ${show(value)}, not an object`);
}

export function text(value: unknown, name: string, longest: number): string {
  if (typeof value === 'string' && value.length <= longest) return value;
  throw new MessageError(`${name} is ${show(value)}, not a text of at most ${longest} characters`);
}

export function finite(value: unknown, name: string, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw new MessageError(`${name} is ${show(value)}, not a number from ${least} to ${most}`);
}

export function integer(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new MessageError(`${name} is ${show(value)}, not a whole number`);
}

export function oneOf<T extends string>(value: unknown, name: string, words: readonly T[]): T {
  const found = words.find((word) => word === value);
  if (found === undefined) throw new MessageError(`${name} is ${show(value)}, not one of ${words.join(', ')}`);
  return found;
}

function show(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? `a text of ${value.length} characters` : `"${value}"`;
  return typeof value === 'object' ? (value === null ? 'null' : 'an object') : String(value);
}
