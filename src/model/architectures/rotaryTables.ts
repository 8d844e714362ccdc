import type { GraphBuilder } from '../../graph/builder';
import type { Value } from '../../graph/ir';
import type { ModelConfig, Rotary } from '../modelConfig';

export interface RotaryTables {
  /** [positions, 1, pairs], times the rotary scaling: broadcasts over heads. */
  readonly cos: Value;
  readonly sin: Value;
}

/**
 * cos and sin of positions 0 ... count - 1 for each layer, computed in double precision; layers that turn alike share
 * them. undefined where a layer does not rotate.
 *
 * @param sequenceLength decides between the short and the long frequencies of longrope
 */
export function rotaryTables(
  builder: GraphBuilder,
  { layers }: ModelConfig,
  count: number,
  sequenceLength: number,
): (layer: number) => RotaryTables | undefined {
  const made = new Map<Rotary, RotaryTables>();
  return (layer) => {
    const { rotary } = layers[layer]!;
    if (rotary === undefined) return undefined;
    const tables = made.get(rotary) ?? makeTables(builder, rotary, count, sequenceLength);
    made.set(rotary, tables);
    return tables;
  };
}

function makeTables(builder: GraphBuilder, rotary: Rotary, count: number, sequenceLength: number): RotaryTables {
  const { long, scaling } = rotary;
  const frequencies = long !== undefined && sequenceLength > long.above ? long.frequencies : rotary.frequencies;
  const pairs = frequencies.length;
  const table = (of: (angle: number) => number): Value => {
    const data = new Float32Array(count * pairs);
    for (let position = 0; position < count; position += 1) {
      for (let pair = 0; pair < pairs; pair += 1) {
        data[position * pairs + pair] = of(position * frequencies[pair]!) * scaling;
      }
    }
    return builder.constant('float32', [count, 1, pairs], data);
  };
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
