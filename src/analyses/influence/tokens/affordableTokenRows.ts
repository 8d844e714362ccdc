import { sizeOf } from '../../../graph/ir';
import type { ModelConfig } from '../../../model/modelConfig';
import { parameterShapes } from '../../../model/parameterShapes';
import type { WeightedTokens } from '../gradients/rowGradients';

/** Floating point operations that the token scores of one query may take: two or three seconds of two cores. */
const mostOperations = 3e11;
/** Forwards and backwards, for each parameter and token. */
const operations = 6;

const fewest = 3;
const most = 50;

/** Rows at each end of a query's list whose tokens are scored, so that a model of any size answers soon. */
export function affordableTokenRows(rows: readonly Pick<WeightedTokens, 'ids'>[], config: ModelConfig): number {
  const parameters = [...parameterShapes(config).values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
  const tokens = rows.reduce((sum, { ids }) => sum + ids.length, 0) / Math.max(1, rows.length);
  const affordable = Math.floor(mostOperations / (2 * operations * parameters * Math.max(1, tokens)));
  return Math.max(fewest, Math.min(most, affordable));
}
