import type { EncodedQuery } from '../../measuring/encodeQuery';
import type { ComputePlace } from '../../openModelSession';
import { createStepComputer } from '../../training/computeStep';
import { lengthLimits } from '../../training/lengthLimits';
import { passSize } from '../../training/passFeeds';
import { planShapes } from '../../training/planShapes';
import type { ParameterValues, Trainable } from '../../training/trainable';
import type { TrainingModel } from '../../training/trainingModel';
import type { TrainingRow } from '../../training/trainingRow';

/** The gradient of each query's measurement with respect to every trained tensor, at the given values. */
export async function measurementAdjoints(
  queries: readonly Pick<EncodedQuery, 'id' | 'parts'>[],
  model: Pick<TrainingModel, 'config' | 'weights'>,
  trainable: Trainable,
  values: ParameterValues,
  place: ComputePlace,
): Promise<ParameterValues[]> {
  const rows = new Map<number, TrainingRow>();
  const batches = queries.map(({ id, parts }) =>
    parts.map(({ row, factor }) => {
      const number = rows.size;
      const encoded = { ids: row.ids, labels: row.labels, weight: factor, encodingHash: '' };
      rows.set(number, { number, file: `query ${id}`, row: 0, line: undefined, hash: '', encoded });
      return number;
    }),
  );
  if (batches.length === 0) return [];
  const sizes = batches.map((batch) => passSize(batch.map((number) => rows.get(number)!.encoded)));
  const computer = createStepComputer({
    ...model,
    ...place,
    trainable,
    rows,
    // A query is a step of one batch.
    recipe: { batchSize: Math.max(...batches.map(({ length }) => length)), lossReduction: 'rowSum' },
    shapes: planShapes(sizes, 2, lengthLimits(model.config)),
    activations: 'recomputed',
    rowFactor: () => 1,
  });
  try {
    const adjoints: ParameterValues[] = [];
    for (const [q, batch] of batches.entries()) {
      const { gradients } = await computer.compute({ step: q + 1, learningRate: 0, rows: batch }, values);
      // The loss is minus the measurement, divided by the rows of the batch.
      for (const data of gradients.values()) for (let i = 0; i < data.length; i++) data[i]! *= -batch.length;
      adjoints.push(gradients);
    }
    return adjoints;
  } finally {
    await computer.release();
  }
}
