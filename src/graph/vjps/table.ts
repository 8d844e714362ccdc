import type { OpType } from '../operators';
import { elementwiseVjps } from './elementwise';
import { indexingVjps } from './indexing';
import { linearAlgebraVjps } from './linearAlgebra';
import { reductionVjps } from './reductions';
import type { Vjp } from './rule';
import { structureVjps } from './structure';

/** Every operator's part in differentiation: a rule, or the reason why there is none. */
export const vjps: { readonly [Op in OpType]: Vjp<Op> } = {
  ...elementwiseVjps,
  ...reductionVjps,
  ...linearAlgebraVjps,
  ...structureVjps,
  ...indexingVjps,
};
