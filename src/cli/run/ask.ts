import { readSmallText } from '../../data/byteSource';
import { dataLimits } from '../../data/limits';
import { parseJsonRow } from '../../data/parseRow';
import { readRows } from '../../data/readRows';
import { resolveModel } from '../../jobs/resolveSources';
import { inputError } from '../../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../../protocol/json';
import type { AnswerDelta, AskRequest, Prompt, Sampling } from '../../protocol/requests';
import { openCommandContext } from '../commandContext';
import type { AskFlags } from '../commands/ask';
import { runJob } from '../runJob';
import { describeRun, printJson, printProblems, requireOutput, writeFileAtomically } from '../writeOutput';

/** Asks the models and prints the answers as they come. */
export async function runAsk(flags: AskFlags): Promise<void> {
  requireOutput(flags.out, ['.json']);
  const context = await openCommandContext(flags);
  const prompts = await readPrompts(flags);
  const names = flags.model ?? [undefined];
  if (names.length > 1 && flags.adapter !== undefined) {
    throw inputError(
      'adapter-of-which',
      '--adapter goes with one --model.',
      'Name the adapted model in whence.json, or give one --model.',
    );
  }
  const request: AskRequest = {
    kind: 'ask',
    compute: context.compute,
    models: names.map((name) => resolveModel(name, flags.adapter, context)),
    prompts,
    template: flags.raw ? 'raw' : 'chat',
    sampling: samplingOf(flags),
    maxTokens: flags.maxTokens,
  };
  const several = request.models.length * request.prompts.length > 1;
  let shown = '';
  const { result, device, seconds, memory } = await runJob(request, flags, (event, display) => {
    const delta = event as AnswerDelta;
    if (flags.json || delta.kind !== 'answerDelta') return;
    display.stop();
    const heading = `${delta.model} ${delta.prompt}`;
    if (several && heading !== shown) {
      const prompt = request.prompts[delta.prompt]!;
      const asked = prompt.kind === 'text' && request.prompts.length > 1 ? `: ${prompt.text}` : '';
      process.stdout.write(`${shown === '' ? '' : '\n\n'}── ${request.models[delta.model]!.label}${asked}\n`);
    }
    shown = heading;
    process.stdout.write(delta.text);
  });
  const document = { schema: 'whence.ask/1', device: device?.device, seconds, memory, ...result };
  if (flags.out !== undefined) await writeFileAtomically(flags.out, `${JSON.stringify(document, null, 2)}\n`);
  if (flags.json) {
    printJson(document);
    return;
  }
  process.stdout.write('\n');
  if (flags.quiet) return;
  printProblems([], result.warnings);
  process.stderr.write(`${result.tokensPerSecond.toFixed(1)} tokens/s, ${describeRun(device, seconds, memory)}\n`);
}

function samplingOf({ temperature, topP, seed }: AskFlags): Sampling {
  if (temperature === undefined || temperature === 0) return { kind: 'greedy' };
  return { kind: 'sampled', temperature, topP, seed };
}

async function readPrompts(flags: AskFlags): Promise<readonly Prompt[]> {
  const given = [flags.prompt, flags.messages, flags.input].filter((flag) => flag !== undefined);
  if (given.length !== 1) {
    throw inputError(
      'prompt-missing',
      'Give exactly one of --prompt, --messages and --input.',
      'For example: --prompt "Who are you?"',
    );
  }
  if (flags.prompt !== undefined) return flags.prompt.map((text) => ({ kind: 'text', text }));
  if (flags.messages !== undefined) return [await readMessagesFile(flags.messages)];
  return readPromptLines(flags.input!);
}

async function readMessagesFile(file: string): Promise<Prompt> {
  const text = await readSmallText(file, dataLimits);
  // A list becomes an object of one field, so that the bounded row parser reads it.
  const wrapped = text.trimStart().startsWith('[') ? `{"messages":${text}}` : text;
  const address = { file, row: 0, line: 1, bytes: undefined };
  const { row, problems } = parseJsonRow(Buffer.from(wrapped), address, dataLimits);
  if (row === undefined) throw inputError(problems[0]!.code, problems[0]!.message, 'Correct the file.');
  return promptOf(row.value, file);
}

async function readPromptLines(file: string): Promise<readonly Prompt[]> {
  const prompts: Prompt[] = [];
  for await (const { rows, problems } of readRows(file, { file, limits: dataLimits })) {
    if (problems.length > 0) throw inputError(problems[0]!.code, problems[0]!.message, 'Correct this prompt.');
    prompts.push(
      ...rows.map(({ value, address }) => promptOf(value, `${file}, line ${address.line ?? address.row + 1}`)),
    );
  }
  if (prompts.length === 0)
    throw inputError('prompt-missing', `${file} has no prompts.`, 'Give one {"prompt": "…"} a line.');
  return prompts;
}

function promptOf({ prompt, messages }: JsonObject, where: string): Prompt {
  if (typeof prompt === 'string') return { kind: 'text', text: prompt };
  if (Array.isArray(messages) && messages.length > 0 && messages.every(isTurn))
    return { kind: 'messages', messages: messages as JsonObject[] };
  throw inputError(
    'bad-prompt',
    `${where} has neither "prompt" (a text) nor "messages" (a list of {"role", "content"}, both texts).`,
    'Give one of them, for example {"messages": [{"role": "user", "content": "Hello"}]}.',
  );
}

function isTurn(value: JsonValue): boolean {
  if (!isJsonObject(value) || typeof value.role !== 'string') return false;
  const { content } = value;
  return typeof content === 'string' || Array.isArray(content) || (content == null && Array.isArray(value.tool_calls));
}
