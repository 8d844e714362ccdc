import type { GraphBuilder } from '../../graph/builder';
import type { Value } from '../../graph/ir';
import type { Rotary } from '../modelConfig';

export interface RotaryTables {
  /** [positions, 1, pairs], times the rotary scaling: broadcasts over heads. */
  readonly cos: Value;
  readonly sin: Value;
}

/**
 * cos and sin of positions 0 ... count - 1, computed in double precision.
 *
 * @param sequenceLength decides between the short and the long frequencies of longrope
 */
export function rotaryTables(
  builder: GraphBuilder,
  rotary: Rotary,
  count: number,
  sequenceLength: number,
): RotaryTables {
  const frequencies = frequenciesFor(rotary, sequenceLength);
  const pairs = frequencies.length;
  const table = (of: (angle: number) => number): Value => {
    const data = new Float32Array(count * pairs);
    for (let position = 0; position < count; position += 1) {
      for (let pair = 0; pair < pairs; pair += 1) {
        data[position * pairs + pair] = of(position * frequencies[pair]!) * rotary.scaling;
      }
    }
    return builder.constant('float32', [count, 1, pairs], data);
  };
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

function frequenciesFor({ frequencies, long }: Rotary, sequenceLength: number): readonly number[] {
  return long !== undefined && sequenceLength > long.above ? long.frequencies : frequencies;
}
