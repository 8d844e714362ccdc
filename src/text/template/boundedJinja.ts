/**
 * Jinja templates as hostile input. Compiling and rendering run under a time limit that interrupts even a single slow
 * library call, and the interpreter counts its steps, the sizes of all values it makes and its depth, so that endless
 * loops, doubling strings and macros that call themselves end in a clear error instead of a full memory.
 */
import { Environment, Interpreter, Template } from '@huggingface/jinja';
import { inputError, UserError } from '../../protocol/errors';
import { withinTimeLimit } from '../withinTimeLimit';

/** Limits of one rendering (the time: of all renderings of one conversation). A chat of a thousand turns needs a tenth of each. */
const limits = {
  milliseconds: 5000,
  templateCharacters: 1_000_000,
  steps: 500_000,
  /** Characters of all strings made, and 16 for each element of all lists. */
  work: 100_000_000,
  depth: 400,
  outputCharacters: 20_000_000,
  rangeElements: 100_000,
} as const;

/** A value that templates see; functions are called with plain values. */
export type TemplateVariables = Readonly<Record<string, unknown>>;

export interface CompiledTemplate {
  render(variables: TemplateVariables): string;
}

/** Thrown by `raise_exception`; not a fault of the template. */
class RaisedByTemplate extends Error {}

class LimitReached extends Error {}

/** `name` is named in errors. Throws a UserError where the template is too long, malformed or takes too long. */
export function compileTemplate(name: string, source: string): CompiledTemplate {
  if (source.length > limits.templateCharacters) {
    throw inputError(
      'template-too-long',
      `${name} has ${source.length} characters, more than the ${limits.templateCharacters} a chat template may have.`,
      'Use the chat template that belongs to the model.',
    );
  }
  const { parsed } = withinLimits(name, 'template-malformed', () => new Template(source));
  return {
    render: (variables) =>
      withinLimits(name, 'template-failed', () => {
        const environment = new Environment();
        for (const [key, value] of Object.entries({ ...globals, ...variables })) environment.set(key, value);
        const result = new BoundedInterpreter(environment).run(parsed).toString();
        if (result.length > limits.outputCharacters) throw new LimitReached('its text grows too long');
        return result;
      }),
  };
}

const printTrue = () => 'True';
const printFalse = () => 'False';

type Evaluate = Interpreter['evaluate'];

class BoundedInterpreter extends Interpreter {
  private steps = 0;
  private work = 0;
  private depth = 0;

  override evaluate(...[statement, environment]: Parameters<Evaluate>): ReturnType<Evaluate> {
    this.steps += 1;
    if (this.steps > limits.steps) throw new LimitReached('it does not come to an end');
    this.depth += 1;
    if (this.depth > limits.depth) throw new LimitReached('it calls itself without end or nests too deep');
    try {
      const result = super.evaluate(statement, environment);
      this.charge(result.value);
      // The library prints JavaScript's `true`.
      if (result.value === true) result.toString = printTrue;
      else if (result.value === false) result.toString = printFalse;
      return result;
    } finally {
      this.depth -= 1;
    }
  }

  private charge(value: unknown): void {
    if (typeof value === 'string') this.work += value.length;
    else if (Array.isArray(value)) this.work += 16 * value.length;
    if (this.work > limits.work) throw new LimitReached('its text grows too long');
  }
}

/** Jinja's own names; `range` is bounded as in Jinja's sandbox. */
const globals: TemplateVariables = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range: boundedRange,
  raise_exception: (message: unknown) => {
    throw new RaisedByTemplate(String(message));
  },
};

function boundedRange(first: unknown, second: unknown, third: unknown): number[] {
  const [start, stop, step] = second === undefined ? [0, first, 1] : [first, second, third ?? 1];
  if (![start, stop, step].every((value) => Number.isInteger(value)) || step === 0) {
    throw new Error('range() needs whole numbers and a step that is not 0');
  }
  const length = Math.max(0, Math.ceil(((stop as number) - (start as number)) / (step as number)));
  if (length > limits.rangeElements) throw new LimitReached(`range() asks for ${length} numbers`);
  return Array.from({ length }, (_, i) => (start as number) + i * (step as number));
}

/** Runs `work` under the time limit of templates; renderings inside it share it. */
export function withinTemplateLimit<T>(name: string, work: () => T): T {
  return withinTimeLimit(limits.milliseconds, work, (cause) =>
    inputError(
      'template-limit',
      `${name} was stopped after ${limits.milliseconds / 1000} seconds.`,
      useTheModels,
      cause,
    ),
  );
}

function withinLimits<T>(name: string, code: string, work: () => T): T {
  return withinTemplateLimit(name, () => {
    try {
      return work();
    } catch (error) {
      throw describe(name, code, error);
    }
  });
}

const useTheModels =
  'Use the chat template that belongs to the model, or put a corrected chat_template.jinja beside it.';

function describe(name: string, code: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const cause = { cause: error };
  if (error instanceof RaisedByTemplate) {
    return inputError(
      'template-refused',
      `${name} refuses this conversation: ${error.message}.`,
      'Change the conversation to what the template accepts.',
      cause,
    );
  }
  if (error instanceof LimitReached) {
    return inputError('template-limit', `${name} was stopped: ${error.message}.`, useTheModels, cause);
  }
  if (error instanceof RangeError) {
    return inputError(
      'template-limit',
      `${name} was stopped: it nests too deep or grows too long.`,
      useTheModels,
      cause,
    );
  }
  // The library's parser runs past the end of a template that is cut off.
  const cutOff = error instanceof TypeError && /properties of undefined/.test(error.message);
  const reason = cutOff ? 'it ends too early' : error instanceof Error ? error.message : String(error);
  const doing = code === 'template-malformed' ? 'is not a template that can be read' : 'failed';
  return inputError(code, `${name} ${doing}: ${reason}.`, useTheModels, cause);
}
