import { sizeOf } from '../../graph/ir';
import type { ModelConfig } from '../../model/modelConfig';
import { parameterShapes } from '../../model/parameterShapes';
import type { PassShape } from './planShapes';
import type { Trainable } from './trainable';

/** Packed copies of all sessions of a run take this many bytes at most. */
const mostPackedBytes = 2 ** 31;

/** A matrix is read as it is in the forward pass and transposed in the backward pass: each way is packed for itself. */
const layouts = 2;

export interface FrozenWeights {
  readonly kind: 'mapped' | 'packed';
  /** Copies of one session; 0 where they are mapped. */
  readonly bytesOfSession: number;
}

/**
 * How the sessions of a run hold the weights that it does not train. A LoRA step multiplies by the same matrices every
 * time, so a small model's are packed: a step takes a tenth less time. The bits differ from those of mapped weights by
 * rounding, so this hangs on what is recorded of a run alone, never on the memory that happens to be free.
 */
export function frozenWeights(config: ModelConfig, { method }: Trainable, shapes: readonly PassShape[]): FrozenWeights {
  const parameters = [...parameterShapes(config).values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
  const bytesOfSession = layouts * 4 * parameters;
  return method === 'lora' && bytesOfSession * shapes.length <= mostPackedBytes
    ? { kind: 'packed', bytesOfSession }
    : { kind: 'mapped', bytesOfSession: 0 };
}
