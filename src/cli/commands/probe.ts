import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type ControlType,
  controlTypes,
  namedPositions,
  type ProbeBaseline,
  probeBaselines,
} from '../../protocol/probing';
import { addGlobalFlags, collect, wholeNumber } from '../globalFlags';
import { addModelFlags, addPassFlags, addStoreFlags, type RowsFlags } from '../subjectFlags';

export interface ProbeFlags extends RowsFlags {
  readonly label?: string;
  readonly only?: readonly string[];
  readonly fewestRows: number;
  readonly folds: number;
  readonly group?: readonly string[];
  readonly control: ControlType;
  readonly baselines: readonly ProbeBaseline[];
  readonly positive?: readonly string[];
  readonly negative?: readonly string[];
  readonly position?: readonly string[];
  readonly layers?: readonly number[];
  readonly rows: number;
}

/** `whence probe`: what can be read linearly in the residual stream, layer by layer, base beside tuned. */
export function addProbe(program: Command): void {
  const command = program
    .command('probe')
    .description(
      'What a linear probe reads in every layer: a label of the rows, or a direction between two sets of rows; base beside tuned.',
    )
    .option(
      '--label <field>',
      'what is read: a field of each row (dots lead into objects), or answer, answer:first, answer:last',
    )
    .option('--only <a,b,…>', 'labels that count (default: all that enough rows have)', parseNames)
    .option('--fewest-rows <n>', 'rows of rarer labels are left out', wholeNumber(1, 1_000_000), 10)
    .option(
      '--position <p,q,…>',
      `where rows are read: ${namedPositions.join(', ')} or a token's number (default: last; answer with --positive)`,
      parsePositions,
    )
    .option('--layers <a,b-c,…>', 'layers, 0 the first, -1 the embedding (default: all)', parseLayers)
    .option('--folds <n>', 'of the cross-validation', wholeNumber(3, 20), 5)
    .option('--group <field>', 'rows with the same value stay in one fold; may be repeated', collect)
    .addOption(
      new Option('--control <type>', "what fixes a row's label in the control task")
        .choices(controlTypes)
        .default('auto'),
    )
    .addOption(
      new Option('--baselines <a,b,…>', `what probes are compared with: ${probeBaselines.join(', ')}; none`)
        .argParser(parseBaselines)
        .default(probeBaselines, 'all'),
    )
    .option('--rows <n>', 'rows listed for people', wholeNumber(0, 1_000_000), 15)
    .optionsGroup('A direction instead of a label:')
    .option('--positive <name|file>', 'rows at one end of the direction; may be repeated', collect)
    .option('--negative <name|file>', 'rows at the other end; may be repeated', collect);
  addModelFlags(command.optionsGroup('Model, rows and store:')).option(
    '--data <name|file>',
    "the rows that are probed, or projected; may be repeated (default: the workspace's)",
    collect,
  );
  addStoreFlags(addPassFlags(command, '2048', 'of folds, control labels, random weights and intervals'));
  addGlobalFlags(command, 'also write the rows to this .json, .csv or .parquet file')
    .addHelpText(
      'after',
      `
Intervals are of 95 %, over rows and over groups of rows that are alike. A probe shows what can be read, not what is used.

Examples:
  whence probe --label answer                           # which answer will it be, read before it is given
  whence probe --data reviews.jsonl --label meta.sentiment --position last,mean
  whence probe --label answer --only repairs,delivery --rows 30     # possible mislabels first
  whence probe --positive refusals.jsonl --negative answers.jsonl --data train --out projections.parquet`,
    )
    .action(async (flags: ProbeFlags) => (await import('../run/probe')).runProbe(flags));
}

function parseNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Give names with commas between them.');
  return [...new Set(names)];
}

function parsePositions(text: string): readonly string[] {
  const names = parseNames(text);
  const unknown = names.find(
    (name) => !(namedPositions as readonly string[]).includes(name) && !/^(-?[1-9]\d{0,5}|0)$/.test(name),
  );
  if (unknown === undefined) return names;
  throw new InvalidArgumentError(`"${unknown}" is no position. Use ${namedPositions.join(', ')} or a whole number.`);
}

/** `-1,0-3,7` */
function parseLayers(text: string): readonly number[] {
  return text.split(',').flatMap((part) => {
    const [, first, last] = /^(-1|\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim()) ?? [];
    if (first === undefined) throw new InvalidArgumentError('Give numbers and ranges, for example -1,0-3,7.');
    const [from, to] = [Number(first), Number(last ?? first)];
    if (to < from) throw new InvalidArgumentError(`The range ${part.trim()} is empty.`);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

function parseBaselines(text: string): readonly ProbeBaseline[] {
  if (text === 'none') return [];
  const names = parseNames(text);
  const unknown = names.find((name) => !(probeBaselines as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`"${unknown}" is no baseline. Use ${probeBaselines.join(', ')} or none.`);
  return names as readonly ProbeBaseline[];
}
