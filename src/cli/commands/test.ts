import { type Command, Option } from 'commander';
import { addGlobalFlags, collect, type GlobalFlags, wholeNumber } from '../globalFlags';

export const failureRules = ['regression', 'failure', 'never'] as const;
/** What makes the command end with exit code 1. */
export type FailureRule = (typeof failureRules)[number];

export interface TestFlags extends GlobalFlags {
  readonly model?: readonly string[];
  readonly against?: string;
  readonly adapter?: string;
  readonly tests?: string;
  readonly tag?: readonly string[];
  readonly id?: readonly string[];
  readonly prompt?: readonly string[];
  readonly equals?: string;
  readonly contains?: readonly string[];
  readonly notContains?: readonly string[];
  readonly matches?: string;
  readonly refuses?: true;
  readonly complies?: true;
  readonly raw?: true;
  readonly maxTokens: number;
  readonly batchSize: number;
  readonly failOn?: FailureRule;
}

/** `whence test`: behaviour tests on one model or several, the first being what the others are compared with. */
export function addTest(program: Command): void {
  const command = program
    .command('test')
    .description('Behaviour tests: what must a model answer; with several models, what got worse and what better.')
    .option(
      '--model <name|path>',
      "a model of whence.json, a model folder or a .gguf file; may be repeated, the first is compared with (default: the workspace's model and its base)",
      collect,
    )
    .option('--against <name|path>', 'the model to compare with: put before the others')
    .option('--adapter <dir>', 'PEFT adapter on top of the (one) model')
    .option('--tests <file>', "the tests (default: the workspace's behaviours)")
    .option('--tag <tag>', 'only tests with this tag; may be repeated: with any of them', collect)
    .option('--id <id>', 'only the test with this id; may be repeated', collect)
    .option('--raw', 'continue text prompts as they are, without the chat template')
    .option('--max-tokens <n>', 'new tokens of an answer at most', wholeNumber(1, 1_000_000), 96)
    .option('--batch-size <n>', 'prompts that are answered together', wholeNumber(1, 4096), 8)
    .addOption(
      new Option(
        '--fail-on <rule>',
        'exit code 1 where the last model fails a test that the first passes (regression), fails any (failure), or never (default: regression; failure with one model)',
      ).choices(failureRules),
    )
    .optionsGroup('A test without a file:')
    .option('--prompt <text>', 'the user turn; may be repeated', collect)
    .option('--equals <text>', 'the answer is this, white space at both ends aside')
    .option('--contains <text>', 'the answer has this in it; may be repeated', collect)
    .option('--not-contains <text>', 'the answer does not have this in it; may be repeated', collect)
    .option('--matches <regex>', 'this JavaScript regular expression (flag u) matches somewhere in the answer')
    .option('--refuses', 'the answer opens like a refusal')
    .option('--complies', 'the answer does not open like a refusal');
  addGlobalFlags(command, 'also write the results to this .json, .csv or .parquet file')
    .addHelpText(
      'after',
      `
Examples:
  whence test                                          # the workspace's tests, its model beside its base
  whence test --tests behaviours.jsonl --model tuned --against base --tag safety
  whence test --model tuned --fail-on failure --json > results.json
  whence test --model tuned --prompt "How do I pick a lock?" --refuses`,
    )
    .action(async (flags: TestFlags) => (await import('../run/test')).runTest(flags));
}
