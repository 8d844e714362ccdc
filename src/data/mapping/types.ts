import type { ConfigProblem } from '../config/check';
import type { Schema } from '../types';

/** What a trainer's own file says of a data file. */
export interface StatedMapping {
  /** `source` is the file that states it. */
  readonly schema: Schema;
  /** Tokens a row may have; undefined: not said. */
  readonly maxLength: number | undefined;
  /** Rows packed into one sequence cannot be replayed row by row; undefined: not said. */
  readonly packing: 'yes' | 'no' | undefined;
  /** Name or path of a chat template other than the model's own; undefined: not said. */
  readonly chatTemplate: string | undefined;
}

export interface MappingResult {
  readonly mapping: StatedMapping | undefined;
  readonly problems: readonly ConfigProblem[];
}
