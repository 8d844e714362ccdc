import type { Value } from '../../../graph/ir';
import { rowProducts } from '../../../model/buildModuleSides';
import { type PassContext, type PassPlan, type PassProgram, runRowPasses } from '../../passes/rowPasses';
import type { Column, Columns } from '../gradients/columns';
import { trackedSides } from '../gradients/trackedSides';
import { MomentSums, momentOutputs } from './covariances';
import { type Bases, basesOfModules, decomposeSides, factorSides } from './eigenbases';
import type { Factors, ModuleFactors } from './factors';
import type { FitProgress, FitSettings } from './fitFactors';
import { divisorOf } from './keptFit';
import { type FactorRow, labelledInputs, targetsOf } from './rowLabels';

/** Bytes of factors that one pass sums: the runtime holds them twice, and their sums once. */
const mostMomentBytes = 6.5e8;
/** Elements of Lambda that one pass sums; with its bases it holds about five times as much. */
const mostLambdaBytes = 5e8;

/** Consecutive columns that go through a pass together. */
type Group = Pick<Columns, 'kind' | 'list' | 'width'>;

/** Covariances of some columns of a batch, summed. */
export function momentProgram(
  { kind, labels }: FitSettings,
  group: Group,
  inputOf: ReadonlyMap<string, string>,
): PassProgram {
  return {
    key: `covariances ${kind} ${labels} ${keyOf(group)}`,
    targets: targetsOf[labels],
    outputs: (values) => momentOutputs[kind](values, trackedSides(values, group), inputOf),
  };
}

/** Squares of the rows' gradients in the eigenbasis, (delta Q_S)^T (a Q_A), summed over a batch: no gradient leaves. */
export function lambdaProgram({ labels }: FitSettings, group: Group, bases: GroupBases): PassProgram {
  return {
    key: `eigenvalues ${labels} ${keyOf(group)}`,
    targets: targetsOf[labels],
    outputs: (values) => {
      const { builder, shape } = values;
      const known = new Map<string, Value>();
      const basis = (name: string, size: number): Value => {
        const value = known.get(name) ?? builder.input(name, 'float32', [size, size]);
        known.set(name, value);
        return value;
      };
      const rotated = (x: Value, name: string): Value =>
        builder.gemm(x, basis(name, x.shape[1]!), { transA: 'no', transB: 'yes' });
      return trackedSides(values, group).map(({ column, input, pseudoGradient }) => {
        const { inputName, outputName } = bases.names.get(column.name)!;
        const gradients = rowProducts(
          builder,
          shape.batch,
          rotated(pseudoGradient, outputName),
          rotated(input, inputName),
        );
        return { name: column.name, value: builder.reduceSum(builder.mul(gradients, gradients), [0], 'drop') };
      });
    },
  };
}

/** Bases by the name they are fed under; shared ones once. */
interface GroupBases {
  readonly names: ReadonlyMap<string, { readonly inputName: string; readonly outputName: string }>;
  readonly feeds: Readonly<Record<string, Float32Array>>;
}

function groupBases(list: readonly Column[], modules: ReadonlyMap<string, ModuleFactors>): GroupBases {
  const known = new Map<Float32Array, string>();
  const feeds: Record<string, Float32Array> = {};
  const nameOf = (vectors: Float32Array): string => {
    const name = known.get(vectors) ?? `basis ${known.size}`;
    known.set(vectors, name);
    feeds[name] = vectors;
    return name;
  };
  const names = list.map(({ name }) => {
    const { input, output } = modules.get(name)!;
    return [name, { inputName: nameOf(input.vectors), outputName: nameOf(output.vectors) }] as const;
  });
  return { names: new Map(names), feeds };
}

/**
 * Fits factors of modules whose gradients are too wide to be kept: covariances are summed in one pass, the gradients are
 * rotated, squared and summed inside the graph in a second. Modules go through in groups that bound the memory.
 */
export async function fitStreamed(
  settings: FitSettings,
  rows: readonly FactorRow[],
  plan: PassPlan,
  columns: Columns,
  inputOf: ReadonlyMap<string, string>,
  context: PassContext,
  onProgress: FitProgress,
): Promise<Factors> {
  const { kind, labels } = settings;
  const inputs = labelledInputs(rows, settings);
  const positions = rows.reduce((sum, { ids }) => sum + ids.length, 0);
  const divisor = divisorOf(kind, rows.length, positions);
  const bases: Bases = new Map();
  const allSides = factorSides(columns, inputOf);
  const groups = momentGroups(columns, inputOf);
  let done = 0;
  for (const group of groups) {
    const sums = new MomentSums('float32');
    await runRowPasses(
      rows,
      plan,
      momentProgram(settings, group, inputOf),
      context,
      inputs,
      ({ rows: pass, outputs }) => {
        sums.add(outputs);
        done += pass.length;
        onProgress('covariances', done, rows.length * groups.length);
      },
    );
    await context.sessions.releaseAll();
    const sides = factorSides(group, inputOf);
    await decomposeSides(
      sides,
      (side) => sums.take(side, divisor),
      bases,
      context.place.threads,
      () => onProgress('eigenbases', bases.size, allSides.length),
    );
  }
  const modules = basesOfModules(columns, inputOf, bases);
  const lambda = await eigenvalues(settings, rows, plan, columns, modules, context, onProgress);
  return { kind, labels, columns, modules, lambda };
}

async function eigenvalues(
  settings: FitSettings,
  rows: readonly FactorRow[],
  plan: PassPlan,
  columns: Columns,
  modules: readonly ModuleFactors[],
  context: PassContext,
  onProgress: FitProgress,
): Promise<Float32Array> {
  const byName = new Map(columns.list.map(({ name }, i) => [name, modules[i]!]));
  const labelled = labelledInputs(rows, settings);
  const lambda = new Float32Array(columns.width);
  const groups = grouped(columns, ({ size }) => 4 * size, mostLambdaBytes);
  let done = 0;
  for (const group of groups) {
    const bases = groupBases(group.list, byName);
    const program = lambdaProgram(settings, group, bases);
    const inputs = { ...labelled, extra: extraWith(labelled.extra, bases.feeds) };
    await runRowPasses(rows, plan, program, context, inputs, ({ rows: pass, outputs }) => {
      for (const { name, offset, size } of group.list) {
        const part = outputs[name] as Float32Array;
        for (let j = 0; j < size; j++) lambda[offset + j]! += part[j]!;
      }
      done += pass.length;
      onProgress('eigenvalues', done, rows.length * groups.length);
    });
    await context.sessions.releaseAll();
  }
  for (let j = 0; j < lambda.length; j++) lambda[j]! /= rows.length;
  return lambda;
}

type Extra = ReturnType<typeof labelledInputs>['extra'];

function extraWith(extra: Extra, feeds: GroupBases['feeds']): Extra {
  return (pass, shape, fed) => ({ ...extra(pass, shape, fed), ...feeds });
}

/** Groups of columns by the bytes of their factors; modules that share an input stay with the one that holds it. */
function momentGroups(columns: Columns, inputOf: ReadonlyMap<string, string>): Group[] {
  return grouped(
    columns,
    ({ name, inputSize, outputSize }) => 4 * (outputSize ** 2 + (inputOf.get(name) === name ? inputSize ** 2 : 0)),
    mostMomentBytes,
  );
}

/** As few groups of consecutive columns as `most` bytes allow, of about equal size. Offsets stay those of all columns. */
function grouped({ kind, list }: Columns, bytesOf: (column: Column) => number, most: number): Group[] {
  const total = list.reduce((sum, column) => sum + bytesOf(column), 0);
  const each = total / Math.ceil(total / most);
  const groups: Column[][] = [[]];
  let filled = 0;
  for (const column of list) {
    const bytes = bytesOf(column);
    const current = groups.at(-1)!;
    if (current.length > 0 && filled + bytes > each * 1.02) {
      groups.push([column]);
      filled = bytes;
    } else {
      current.push(column);
      filled += bytes;
    }
  }
  return groups.map((own) => ({ kind, list: own, width: own.reduce((sum, { size }) => sum + size, 0) }));
}

function keyOf({ kind, list }: Group): string {
  return `${kind} ${list[0]!.name} to ${list.at(-1)!.name}`;
}
