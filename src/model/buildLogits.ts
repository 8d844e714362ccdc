import type { GraphBuilder } from '../graph/builder';
import { softCap } from '../graph/compose/softCap';
import type { Value } from '../graph/ir';
import { loraInner, loraOutput, multiplyFewRows } from './architectures/linear';
import type { HeadValues } from './buildForward';
import type { ModelConfig } from './modelConfig';

/** Logits [M, V] of states [M, H] that went through the final norm, soft-capped where the model caps them. */
export function buildLogits(builder: GraphBuilder, config: ModelConfig, head: HeadValues, states: Value): Value {
  const product = multiplyFewRows(builder, states, head.weight, head.module.layout);
  const { lora } = head;
  const adapted =
    lora === undefined
      ? product
      : builder.add(product, loraOutput(builder, { ...lora, inner: loraInner(builder, states, lora) }));
  return softCap(builder, adapted, config.logitSoftCap);
}
