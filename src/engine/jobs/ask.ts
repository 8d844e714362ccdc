import type { ChosenToken } from '../../analyses/asking/chooseToken';
import { generate } from '../../analyses/asking/generate';
import { generationMemory, generationShape } from '../../analyses/asking/generationGraphs';
import { renderPrompt } from '../../analyses/asking/renderPrompt';
import { requireRoom } from '../../analyses/asking/requireRoom';
import type { LanguageModel } from '../../model/openLanguageModel';
import type { Answer, AnswerDelta, AskRequest, AskResult, Warning } from '../../protocol/requests';
import { createTokenStream } from '../../text/tokenizer/tokenStream';
import { threadsOf } from '../deviceVerdicts';
import { javaScriptMemory } from '../javaScriptMemory';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { loadModel, openModel } from '../loadModel';
import { checkAsk } from '../requestShapes';

/** Answers every prompt with every model, model by model, streaming the text. */
export const ask: Job<AskRequest, AskResult> = { check: checkAsk, run: answerAll };

async function answerAll(request: AskRequest, context: JobContext): Promise<AskResult> {
  const answers: Answer[] = [];
  const warnings: Warning[] = [];
  let tokens = 0;
  let milliseconds = 0;
  // Every model and prompt is checked before the first token is shown.
  for (const source of request.models) {
    const model = await openModel(source, context);
    for (const prompt of request.prompts) {
      requireRoom(renderPrompt(prompt, model.text, request.template).ids.length, model);
    }
  }
  for (const modelIndex of request.models.keys()) {
    const found = await answerWith(modelIndex, request, context);
    answers.push(...found.answers);
    warnings.push(...found.warnings);
    tokens += found.tokens;
    milliseconds += found.milliseconds;
  }
  return { answers, warnings, tokensPerSecond: milliseconds === 0 ? 0 : (tokens / milliseconds) * 1000 };
}

function beyondPositions({ label, config }: LanguageModel, tokens: number): Warning {
  return {
    code: 'beyond-positions',
    message: `The prompt has ${tokens} tokens; ${label} was trained on ${config.maximumPositions} at most.`,
  };
}

interface ModelAnswers {
  readonly answers: readonly Answer[];
  readonly warnings: readonly Warning[];
  readonly tokens: number;
  readonly milliseconds: number;
}

async function answerWith(modelIndex: number, request: AskRequest, context: JobContext): Promise<ModelAnswers> {
  const { compute, sampling, maxTokens } = request;
  const source = request.models[modelIndex]!;
  const { model, weights } = await loadModel(source, compute, context);
  const { device } = await context.device(compute);
  const { tokenizer } = model.text;
  const warnings = [...model.warnings];
  const prompts = request.prompts.map((prompt) => renderPrompt(prompt, model.text, request.template));
  if (prompts[0]?.warning !== undefined) warnings.push(prompts[0].warning);
  const longest = Math.max(...prompts.map(({ ids }) => ids.length));
  if (longest > model.config.maximumPositions) warnings.push(beyondPositions(model, longest));
  announce(model, longest, maxTokens, context);
  const answers: Answer[] = [];
  let tokens = 0;
  let milliseconds = 0;
  for (const [promptIndex, rendered] of prompts.entries()) {
    const stream = createTokenStream(tokenizer, 'skipSpecial');
    const pieces: string[] = [];
    const show = (part: string): void => {
      if (part === '') return;
      context.event({ kind: 'answerDelta', model: modelIndex, prompt: promptIndex, text: part } satisfies AnswerDelta);
    };
    const started = performance.now();
    const [continuation] = await generate([rendered.ids], {
      model,
      weights,
      place: { device, threads: threadsOf(compute) },
      sessions: context.sessions,
      sampling,
      maxTokens,
      onToken: (_, { id }: ChosenToken) => {
        tokens += 1;
        const piece = stream.push(id);
        pieces.push(piece);
        show(piece);
      },
    });
    // Bytes that are no whole character until the end belong to the last token.
    const rest = stream.finish();
    if (rest !== '') pieces.push((pieces.pop() ?? '') + rest);
    show(rest);
    milliseconds += performance.now() - started;
    answers.push({
      model: source.label,
      prompt: rendered.shown,
      rendered: rendered.text,
      text: pieces.join(''),
      pieces,
      tokenIds: continuation!.tokens.map(({ id }) => id),
      logprobs: continuation!.tokens.map(({ logProbability }) => logProbability),
      finish: continuation!.finish,
    });
    const done = modelIndex * request.prompts.length + promptIndex + 1;
    context.progress({ stage: 'asking', done, total: request.models.length * request.prompts.length, unit: 'answers' });
  }
  return { answers, warnings, tokens, milliseconds };
}

/** Fewer new tokens than packing pays for: the weights are then read where they lie. */
const shortAnswer = 32;

function announce(model: LanguageModel, longest: number, maxTokens: number, context: JobContext): void {
  const held = javaScriptMemory();
  const bytesWith = (tokens: number): number =>
    generationMemory(model, generationShape(model, 1, longest, tokens)) + held;
  const alternatives =
    maxTokens <= shortAnswer ? [] : [{ setting: `--max-tokens ${shortAnswer}`, bytes: bytesWith(shortAnswer) }];
  context.announceMemory({ bytes: bytesWith(maxTokens), alternatives });
}
