/**
 * workers/ spreads pure computations of linalg/ over worker threads. A task is plain data in, plain data out; arrays that
 * are shared are written where the task says. Results never depend on the number of threads: every element is computed
 * by one thread, in the same order of operations. No task reads files, opens sessions or remembers
 * another's data: only memory to compute in is kept.
 */
import { createEigenRoom, type Eigen, type EigenRoom, eigenInRoom, fitsInRoom } from '../linalg/eigen/symmetricEigen';
import { type CrossValidation, crossValidate, type HeldOut, type LabelTask } from '../linalg/logistic/crossValidate';
import type { IndexPart, PlacedSegment } from '../linalg/scan/indexPart';
import { type RowRange, scanRows, squareRows, sumColumns } from '../linalg/scan/scanPart';
import type { UserErrorData } from '../protocol/errors';

/** Rows of one part, and the number of the part's first row in the index. */
export interface PartRange {
  readonly part: IndexPart;
  readonly firstRow: number;
  readonly range: RowRange;
}

interface TaskTypes {
  eigen: { input: { readonly matrix: Float64Array | Float32Array; readonly n: number }; output: Eigen };
  scan: {
    input: {
      readonly ranges: readonly PartRange[];
      readonly thread: number;
      readonly segments: readonly PlacedSegment[];
      readonly packed: { readonly count: number; readonly elements: number; readonly units: Float64Array };
      readonly result: Float32Array;
      readonly allRows: number;
      readonly firstQuery: number;
    };
    output: undefined;
  };
  squares: {
    input: {
      readonly ranges: readonly PartRange[];
      readonly thread: number;
      readonly segments: readonly PlacedSegment[];
      readonly result: Float64Array;
      readonly allRows: number;
    };
    output: undefined;
  };
  sum: {
    input: {
      readonly ranges: readonly PartRange[];
      readonly thread: number;
      readonly segments: readonly PlacedSegment[];
      readonly share: { readonly from: number; readonly to: number };
      readonly power: 'values' | 'squares';
      readonly coefficients: Float64Array;
      readonly result: Float64Array;
      readonly allRows: number;
    };
    output: undefined;
  };
  crossValidate: {
    input: {
      /** [rows, columns] */
      readonly x: Float32Array;
      readonly rows: number;
      readonly columns: number;
      readonly tasks: readonly LabelTask[];
      readonly validation: CrossValidation;
    };
    output: readonly HeldOut[];
  };
}

export type TaskName = keyof TaskTypes;
export type TaskInput<Name extends TaskName> = TaskTypes[Name]['input'];
export type TaskOutput<Name extends TaskName> = TaskTypes[Name]['output'];

interface Done<Name extends TaskName> {
  readonly output: TaskOutput<Name>;
  /** Buffers of the output that are handed over instead of copied. */
  readonly transfer: readonly ArrayBuffer[];
}

/** Kept for the next matrix: fresh memory for each would wait for the garbage collector by the hundred megabytes. */
let eigenRoom: EigenRoom | undefined;

/** What each task does, in the worker. */
export const tasks: { readonly [Name in TaskName]: (input: TaskInput<Name>) => Done<Name> } = {
  eigen: ({ matrix, n }) => {
    if (eigenRoom === undefined || !fitsInRoom(eigenRoom, n)) eigenRoom = createEigenRoom(n);
    const output = eigenInRoom(matrix, n, eigenRoom);
    return { output, transfer: [output.values.buffer as ArrayBuffer, output.vectors.buffer as ArrayBuffer] };
  },
  scan: ({ ranges, thread, segments, packed, result, allRows, firstQuery }) => {
    for (const { part, firstRow, range } of ranges)
      scanRows(part, thread, range, segments, packed, { data: result, firstRow, allRows, firstQuery });
    return { output: undefined, transfer: [] };
  },
  squares: ({ ranges, thread, segments, result, allRows }) => {
    for (const { part, firstRow, range } of ranges)
      squareRows(part, thread, range, segments, { data: result, firstRow, allRows });
    return { output: undefined, transfer: [] };
  },
  sum: ({ ranges, thread, segments, share, power, coefficients, result, allRows }) => {
    for (const { part, firstRow } of ranges)
      sumColumns(part, thread, share, segments, power, { data: coefficients, firstRow, allRows }, result);
    return { output: undefined, transfer: [] };
  },
  crossValidate: ({ x, rows, columns, tasks: asked, validation }) => ({
    output: crossValidate(x, rows, columns, asked, validation),
    transfer: [],
  }),
};

/** What a worker is sent. */
export interface TaskMessage<Name extends TaskName = TaskName> {
  readonly task: Name;
  readonly input: TaskInput<Name>;
}

/** What it answers. */
export type TaskReply =
  | { readonly kind: 'done'; readonly output: unknown }
  | { readonly kind: 'refused'; readonly error: UserErrorData }
  | { readonly kind: 'failed'; readonly message: string };
