import type { Attribution } from '../analyses/influence/attribution';
import type { Columns } from '../analyses/influence/gradients/columns';
import { gradientProgram } from '../analyses/influence/gradients/rowGradients';
import { gradientIndexDescription, rowsLacking } from '../analyses/influence/gradients/storedGradients';
import type { ComputePlace } from '../analyses/openModelSession';
import { passMemory, planRowPasses } from '../analyses/passes/rowPasses';
import { linearModules } from '../model/linearModules';
import type { ModelConfig } from '../model/modelConfig';
import type { PredictedCost } from '../protocol/influence';
import { rowBytes } from '../store/vectorDescription';
import { javaScriptMemory } from './javaScriptMemory';
import { measureMatMul } from './measureMatMul';

/** Share of the machine's product rate that passes over rows reach, padding counted. */
const reached = 0.5;

/** Forward passes that a row costs: its gradient (forward and back to the inputs), and the fit of curvature. */
const passesOf = { gradient: 2, state: 1, fit: 3 } as const;

/**
 * What an influence job will take, from the work it has left and a short measurement of this machine.
 *
 * @param columns of the gradients that are kept: whole or projected
 * @param moreTokens tokens times forward passes that come on top
 */
export async function predictCost(
  attribution: Attribution,
  columns: Columns,
  fit: PredictedCost['fit'],
  moreTokens: number,
): Promise<PredictedCost> {
  const { place, rows, settings } = attribution;
  const description = gradientIndexDescription(place.modelHash, columns, settings.element);
  const index = await place.openIndex(description);
  const lacking = rowsLacking(index, rows);
  const plan = planRowPasses(lacking, settings.batchSize, place.model.config);
  const tokensOf = (of: readonly { readonly ids: Int32Array }[]): number =>
    of.reduce((sum, { ids }) => sum + ids.length, 0);
  const passes =
    moreTokens +
    tokensOf(lacking) * (passesOf.gradient + passesOf.state) +
    (fit === 'needed' ? tokensOf(rows) * passesOf.fit : 0);
  return {
    kind: 'predictedCost',
    rows: lacking.length,
    fit,
    seconds: await passSeconds(place.model.config, place.place, passes),
    diskBytes: lacking.length * rowBytes(description),
    memoryBytes:
      (lacking.length === 0 ? 0 : passMemory(place.model, plan, gradientProgram(columns))) + javaScriptMemory(),
  };
}

/** Seconds of forward passes over so many tokens, from a short measurement of this machine. */
export async function passSeconds(config: ModelConfig, place: ComputePlace, tokens: number): Promise<number> {
  if (tokens === 0) return 0;
  const weights = linearModules(config)
    .filter(({ role }) => role !== 'head')
    .reduce((sum, { inputSize, outputSize }) => sum + inputSize * outputSize, 0);
  const gflops = await measureMatMul({ ...place, size: 512, seconds: 0.2 }, () => undefined);
  return (tokens * 2 * weights) / (gflops * 1e9 * reached);
}
