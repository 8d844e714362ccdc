import { sizeOf } from '../../../graph/ir';
import type { ModelConfig } from '../../../model/modelConfig';
import { parameterShapes } from '../../../model/parameterShapes';
import type { WeightedTokens } from '../gradients/rowGradients';

/** Rows of a query's list whose tokens are scored. */
export interface TokenRows {
  /** Rows of the highest scores. */
  readonly top: number;
  /** Rows of the lowest scores. */
  readonly bottom: number;
}

/** Floating point operations that the token scores of one query may take: a second or two of two cores. */
const mostOperations = 2e11;
/** Forwards and backwards, for each parameter and token. */
const operations = 6;

/** Rows that speak for a behaviour are read first, so they get most where not all can be had. */
const topShare = 0.75;
const fewest: TokenRows = { top: 3, bottom: 1 };
const most = 50;

/** As many as a model of its size scores soon. */
export function affordableTokenRows(rows: readonly Pick<WeightedTokens, 'ids'>[], config: ModelConfig): TokenRows {
  const parameters = [...parameterShapes(config).values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
  const tokens = rows.reduce((sum, { ids }) => sum + ids.length, 0) / Math.max(1, rows.length);
  const affordable = mostOperations / (operations * parameters * Math.max(1, tokens));
  const within = (least: number, share: number): number =>
    Math.max(least, Math.min(most, Math.floor(share * affordable)));
  return { top: within(fewest.top, topShare), bottom: within(fewest.bottom, 1 - topShare) };
}
