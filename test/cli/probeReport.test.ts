import { formatProbe } from '../../src/cli/run/probeReport';
import type { ConceptProbe, LabelProbe, ProbeCell, ProbeResult } from '../../src/protocol/probing';
import type { Figure } from '../../src/protocol/verification';
import { assertGolden } from '../support/golden';

function figure(estimate: number): Figure {
  return { estimate, low: estimate - 0.05, high: Math.min(1, estimate + 0.04), level: 0.95 };
}

function cell(model: ProbeCell['model'], layer: number | null, position: string, accuracy: number): ProbeCell {
  return {
    model,
    layer,
    position,
    accuracy: figure(accuracy),
    balancedAccuracy: accuracy,
    logLoss: 1 - accuracy,
    control: figure(0.6),
    selectivity: figure(accuracy - 0.6),
    penalties: [0.1, 0.1, 0.1],
    confusion: [
      [2, 0],
      [1, 1],
    ],
    predicted: [0, 0, 0, 1],
  };
}

const reading = { predicted: 'praise', probability: 0.2, margin: -1.386 };

const label: LabelProbe = {
  kind: 'label',
  label: 'meta.kind',
  classes: [
    { name: 'praise', rows: 2 },
    { name: 'complaint\nof some length that does not fit', rows: 2 },
  ],
  majority: 0.5,
  leftOut: { rare: 3, notAskedFor: 1 },
  folds: { count: 3, groups: 4, groupedBy: ['duplicates', 'template'], rows: [2, 1, 1] },
  control: { type: 'word', types: 3, recurring: 0.75, majority: 0.6 },
  cells: [
    cell('tuned', -1, 'last', 0.5),
    cell('tuned', 0, 'last', 0.75),
    cell('base', -1, 'last', 0.5),
    cell('base', 0, 'last', 0.95),
  ],
  baselines: [
    cell('words', null, 'prompt', 0.625),
    cell('tuned', -1, 'seen by last', 0.55),
    cell('random', -1, 'last', 0.5),
    cell('random', 0, 'last', 0.52),
  ],
  differences: [
    { layer: -1, position: 'last', accuracy: figure(0), selectivity: figure(0) },
    { layer: 0, position: 'last', accuracy: figure(-0.2), selectivity: figure(-0.2) },
  ],
  best: [
    { model: 'tuned', layer: 0, position: 'last', selected: figure(0.75) },
    { model: 'base', layer: 0, position: 'last', selected: figure(0.95) },
  ],
  readBy: 'base',
  rows: [
    {
      file: 'reviews.jsonl',
      row: 3,
      line: 4,
      hash: 'h',
      text: 'The saw cuts badly.\ncomplaint',
      label: 'complaint\nof some length that does not fit',
      ...reading,
      disagrees: true,
      rank: 1,
      group: 3,
      fold: 2,
      controlType: 'saw',
      tuned: reading,
      base: reading,
    },
  ],
};

const concept: ConceptProbe = {
  kind: 'concept',
  positive: { rows: 36, groups: 30 },
  negative: { rows: 24, groups: 24 },
  cells: (['tuned', 'base'] as const).flatMap((model) =>
    [-1, 0].map((layer) => ({ model, layer, position: 'answer', auc: figure(0.7 + 0.2 * layer), agreement: 0.8 })),
  ),
  best: [
    { model: 'tuned', layer: 0, position: 'answer' },
    { model: 'base', layer: 0, position: 'answer' },
  ],
  readBy: 'base',
  rows: [
    {
      file: 'rows.parquet',
      row: 12,
      line: null,
      hash: 'h',
      text: 'How do I mend a chair?',
      projection: 0.8123,
      rank: 1,
      tuned: 0.7,
      base: 0.8123,
    },
  ],
};

function result(probe: ProbeResult['probe'], base: ProbeResult['base']): ProbeResult {
  const model = { label: 'tuned', path: 'm', adapter: undefined, hash: 'h' };
  return { model, base, layers: [-1, 0], positions: ['last'], probe, computed: 0, problems: [], warnings: [] };
}

describe('what whence probe prints', () => {
  const base = { label: 'base', path: 'm', adapter: undefined, hash: 'h' };

  it('of a label', () => assertGolden('cli/probe-label.txt', formatProbe(result(label, base), 15)));

  it('of a label without a base and rows', () => {
    const { cells, best, ...rest } = label;
    const alone = {
      ...rest,
      cells: cells.filter(({ model }) => model === 'tuned'),
      best: best.slice(0, 1),
      differences: [],
      baselines: [],
    };
    assertGolden('cli/probe-alone.txt', formatProbe(result(alone, null), 0));
  });

  it('of a direction', () => assertGolden('cli/probe-concept.txt', formatProbe(result(concept, base), 15)));
});
