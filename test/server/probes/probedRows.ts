import type { LabelProbe, ProbedRow } from '../../../src/protocol/probing';
import { openRows } from '../../support/openRows';

/** Rows of `content` as a probe of `label` reads them: `reads` by row; what differs from the label is a doubt. */
export function probeOf(
  content: string,
  label: string,
  labels: readonly string[],
  reads: readonly string[],
): LabelProbe {
  const document = openRows(content, 'jsonl');
  const margins = labels.map((own, i) => (own === reads[i] ? 2 + i : 3 - 3.5 * i));
  const order = [...margins.keys()].sort((a, b) => margins[a]! - margins[b]!);
  const rows = labels.map((own, i): ProbedRow => {
    const reading = { predicted: reads[i]!, probability: own === reads[i] ? 0.9 : 0.05, margin: margins[i]! };
    return {
      ...{ file: 'rows.jsonl', row: i, line: i + 1, hash: document.hashOfLine(i)!, text: `row ${i}`, label: own },
      ...{ ...reading, disagrees: own !== reads[i], rank: order.indexOf(i) + 1, group: i, fold: i % 2 },
      ...{ controlType: 'word', tuned: reading, base: { ...reading, probability: 0.4 } },
    };
  });
  const classes = [...new Set(labels)].map((name) => ({ name, rows: labels.filter((one) => one === name).length }));
  const selected = { estimate: 0.9, low: 0.8, high: 0.95, level: 0.95 };
  return {
    ...{ kind: 'label', label, classes, majority: 0.5, leftOut: { rare: 0, notAskedFor: 0 } },
    folds: { count: 2, groups: rows.length, groupedBy: ['duplicates'], rows: [2, 2] },
    control: { type: 'word', types: 2, recurring: 0.9, majority: 0.5 },
    ...{ cells: [], baselines: [], differences: [], readBy: 'base', rows },
    best: [
      { model: 'tuned', layer: 1, position: 'last', selected },
      { model: 'base', layer: 0, position: 'last', selected },
    ],
  };
}
