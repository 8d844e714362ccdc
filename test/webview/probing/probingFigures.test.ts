import assert from 'node:assert/strict';
import fc from 'fast-check';
import { boundProbe } from '../../../src/client/panels/boundProbe';
import { englishPanelTexts, panelTextsOf } from '../../../src/protocol/display/panelTexts';
import type { ProbeRecord } from '../../../src/protocol/panels';
import type { LabelProbe, ProbeCell, ProbeResult } from '../../../src/protocol/probing';
import {
  bestPlace,
  cellRows,
  comparisons,
  confusionOf,
  layerMap,
  listedRows,
  probeVerdict,
  spreadLabels,
} from '../../../src/webview/probing/probingFigures';
import { firstView, keptView } from '../../../src/webview/probing/probingState';
import { probeOf } from '../../server/probes/probedRows';

const figure = (estimate: number, half = 0.05) => ({
  estimate,
  low: estimate - half,
  high: estimate + half,
  level: 0.95,
});
const labels = ['a', 'b', 'a', 'b'];
const predicted = { tuned: [0, 1, 1, 1], base: [0, 0, 1, 1], words: [0, 0, 0, 0] };

function cell(model: ProbeCell['model'], layer: number | null, position: string, accuracy: number): ProbeCell {
  const read = model === 'tuned' || model === 'base' ? predicted[model] : predicted.words;
  const confusion = [0, 1].map((own) =>
    [0, 1].map((to) => read.filter((value, i) => value === to && labels[i] === 'ab'[own]).length),
  );
  return {
    ...{ model, layer, position, accuracy: figure(accuracy), balancedAccuracy: accuracy, logLoss: 1 - accuracy },
    ...{ control: figure(0.6), selectivity: figure(accuracy - 0.6), penalties: [1], confusion, predicted: read },
  };
}

function resultOf(tuned: number, words: number): ProbeResult & { readonly probe: LabelProbe } {
  const content = labels.map((label, i) => `{"text":"${i}","label":"${label}"}`).join('\n');
  const probe: LabelProbe = {
    ...probeOf(content, 'label', labels, ['a', 'a', 'b', 'b']),
    cells: [cell('tuned', 0, 'last', tuned), cell('tuned', 1, 'last', 0.3), cell('base', 0, 'last', 0.7)],
    baselines: [
      cell('words', null, 'prompt', words),
      cell('random', 0, 'last', 0.55),
      cell('tuned', -1, 'seen by last', 0.6),
    ],
    differences: [{ layer: 0, position: 'last', accuracy: figure(tuned - 0.7), selectivity: figure(tuned - 0.7) }],
    best: [{ model: 'tuned', layer: 0, position: 'last', selected: figure(tuned) }],
  };
  const model = { label: 'm', path: 'm', hash: 'h' } as unknown as ProbeResult['model'];
  return { model, base: model, layers: [0, 1], positions: ['last'], probe, computed: 0, problems: [], warnings: [] };
}

describe('probing figures', () => {
  it('the map shades by what is above or below chance, and leaves out what was not measured', () => {
    const [line] = layerMap(resultOf(0.95, 0.6), 'tuned', 'accuracy');
    assert.deepEqual(
      line!.map(({ level }) => level),
      [5, -2],
    );
    assert.deepEqual(
      layerMap(resultOf(0.95, 0.6), 'base', 'accuracy')[0]!.map(({ figure: found }) => found?.estimate),
      [0.7, undefined],
    );
    assert.equal(layerMap(resultOf(0.95, 0.6), 'difference', 'accuracy')[0]![0]!.figure?.estimate.toFixed(2), '0.25');
  });

  it('a probe is a finding only above the best comparison, and nothing where the most frequent label does as well', () => {
    const kind = (tuned: number, words: number) => probeVerdict(resultOf(tuned, words).probe, 'tuned')?.kind;
    assert.equal(kind(0.95, 0.7), 'reads');
    assert.equal(kind(0.95, 0.93), 'baselines');
    assert.equal(kind(0.52, 0.4), 'nothing');
    assert.deepEqual(
      comparisons(resultOf(0.9, 0.7).probe, 'tuned').map(({ name }) => name),
      ['words', 'embedding', 'random', 'majority'],
    );
  });

  it('an entry of the confusion lists as many rows as it counts, for every side', () => {
    const result = resultOf(0.9, 0.6);
    const { probe } = result;
    for (const side of ['tuned', 'base', 'difference'] as const) {
      const { layer, position } = bestPlace(result, side);
      const rows = cellRows(probe, side, layer, position);
      const counts = confusionOf(probe, side, layer, position);
      assert.equal(
        counts.flat().reduce((sum, count) => sum + count, 0),
        labels.length,
      );
      for (const [from, line] of counts.entries()) {
        for (const [to, count] of line.entries()) {
          const listed = listedRows(rows, { kind: 'entry', from, to }, probe);
          assert.equal(listed.length, count, `${side}: ${from} read as ${to}`);
        }
      }
    }
    const wrong = listedRows(cellRows(probe, 'tuned', 0, 'last'), { kind: 'wrong' }, probe);
    assert.deepEqual(
      wrong.map(({ row }) => row.row),
      [2],
    );
  });

  it('rows that are not sent are those that fit best, and predictions stay with their rows', () => {
    const result = resultOf(0.9, 0.6);
    const record: ProbeRecord = { kind: 'probe', id: 'p', title: 't', when: 0, result };
    const { record: bounded, omittedRows } = boundProbe(record, 2);
    const { probe } = bounded.result;
    assert.equal(omittedRows, 2);
    assert.ok(probe.kind === 'label');
    assert.deepEqual(
      probe.rows.map(({ row }) => row),
      [1, 2],
    );
    assert.deepEqual(
      probe.cells.map((one) => one.predicted),
      result.probe.cells.map((one) => [one.predicted[1], one.predicted[2]]),
    );
    assert.equal(boundProbe(record, 4).record, record);
  });

  it('labels beside a chart keep their distance and their order, within the chart', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { maxLength: 6 }), (heights) => {
        const placed = spreadLabels(heights, 13, 200);
        const order = [...heights.keys()].sort((a, b) => heights[a]! - heights[b]! || a - b);
        for (let i = 1; i < order.length; i++) assert.ok(placed[order[i]!]! - placed[order[i - 1]!]! >= 13 - 1e-9);
        assert.ok(placed.every((at) => at <= 200 && at >= -1e-9));
      }),
    );
  });
});

describe('what the Probing panel keeps', () => {
  it('is taken back as it was, and anything else begins anew', () => {
    const view = {
      ...firstView,
      side: 'base',
      cell: { layer: 3, position: 'mean' },
      list: { kind: 'entry', from: 0, to: 1 },
    } as const;
    assert.deepEqual(keptView(JSON.parse(JSON.stringify(view))), view);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.ok(['tuned', 'base', 'difference'].includes(keptView(value).side));
      }),
    );
    assert.deepEqual(keptView({ side: 'x', list: { kind: 'entry', from: -1 }, table: 3 }), firstView);
  });
});

describe('texts of the Probing panel', () => {
  it('have the same places to fill in English and in Japanese', () => {
    const japanese = panelTextsOf('ja');
    for (const [key, text] of Object.entries(englishPanelTexts)) {
      const places = (of: string) => [...of.matchAll(/\{\d\}/g)].map(([place]) => place).sort();
      assert.deepEqual(places(japanese[key as keyof typeof englishPanelTexts]), places(text), key);
    }
  });
});
