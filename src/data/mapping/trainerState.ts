import { inputError } from '../../protocol/errors';
import type { JsonObject, JsonValue } from '../../protocol/json';
import { readSmallText } from '../byteSource';
import { jsonFault, stringEnd, textStructure } from '../jsonText';
import type { DataLimits } from '../limits';
import { own } from '../own';

/** One entry of the log; what was not logged, or was NaN, is undefined. */
export interface LoggedStep {
  readonly step: number;
  readonly epoch: number | undefined;
  readonly loss: number | undefined;
  readonly learningRate: number | undefined;
  readonly gradNorm: number | undefined;
  readonly evalLoss: number | undefined;
}

/** What transformers' Trainer wrote of a run into `trainer_state.json`. */
export interface TrainerState {
  readonly steps: number;
  readonly maxSteps: number | undefined;
  readonly epochs: number | undefined;
  /** Rows per device and forward pass. */
  readonly batchSize: number | undefined;
  readonly bestMetric: number | undefined;
  readonly bestCheckpoint: string | undefined;
  readonly history: readonly LoggedStep[];
}

/** A long run logs for each step; its state may be larger than other configuration. */
const maxStateBytes = 64 * 2 ** 20;
const maxStateDepth = 50;

/** @throws UserError `bad-trainer-state` and those of reading a file */
export async function readTrainerState(path: string, limits: DataLimits): Promise<TrainerState> {
  const text = await readSmallText(path, { ...limits, maxConfigBytes: Math.max(limits.maxConfigBytes, maxStateBytes) });
  const value = parseState(withoutNaN(text), path);
  const steps = isObject(value) ? own(value, 'global_step') : undefined;
  if (!isObject(value) || typeof steps !== 'number') {
    throw inputError(
      'bad-trainer-state',
      `${path} has no number global_step; it is no trainer state of transformers.`,
      'Give the trainer_state.json of a checkpoint.',
    );
  }
  const log = own(value, 'log_history');
  const number = (key: string) => numberOf(value, key);
  const best = own(value, 'best_model_checkpoint');
  return {
    steps,
    maxSteps: number('max_steps'),
    epochs: number('num_train_epochs'),
    batchSize: number('train_batch_size'),
    bestMetric: number('best_metric'),
    bestCheckpoint: typeof best === 'string' ? best : undefined,
    history: (Array.isArray(log) ? (log as readonly JsonValue[]) : []).flatMap(readStep),
  };
}

function readStep(entry: JsonValue): LoggedStep[] {
  const step = isObject(entry) ? own(entry, 'step') : undefined;
  if (!isObject(entry) || typeof step !== 'number') return [];
  return [
    {
      step,
      epoch: numberOf(entry, 'epoch'),
      loss: numberOf(entry, 'loss'),
      learningRate: numberOf(entry, 'learning_rate'),
      gradNorm: numberOf(entry, 'grad_norm'),
      evalLoss: numberOf(entry, 'eval_loss'),
    },
  ];
}

function parseState(text: string, path: string): JsonValue {
  const isDeep = textStructure(text).depth > maxStateDepth;
  const fault = isDeep ? undefined : jsonFault(text);
  if (!isDeep && fault === undefined) return JSON.parse(text) as JsonValue;
  throw inputError(
    'bad-trainer-state',
    `${path} is ${fault === undefined ? 'nested too deep' : `not JSON: ${fault.reason}`}.`,
    'Copy the file again.',
  );
}

/** Python writes NaN and Infinity into JSON; outside texts they become null. */
function withoutNaN(text: string): string {
  let result = '';
  for (let from = 0; ; ) {
    const quote = text.indexOf('"', from);
    result += text.slice(from, quote === -1 ? text.length : quote).replace(/-?Infinity|NaN/g, 'null');
    const end = quote === -1 ? -1 : stringEnd(text, quote);
    if (quote === -1) return result;
    if (end === -1) return result + text.slice(quote);
    result += text.slice(quote, end + 1);
    from = end + 1;
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOf(value: JsonObject, key: string): number | undefined {
  const found = own(value, key);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}
