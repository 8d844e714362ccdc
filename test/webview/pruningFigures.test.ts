import assert from 'node:assert/strict';
import fc from 'fast-check';
import { panelTextsOf } from '../../src/protocol/display/panelTexts';
import {
  drivingRows,
  moduleMap,
  placeLabels,
  pointsText,
  stateRows,
  verdictWords,
  withInterval,
} from '../../src/webview/pruning/pruningFigures';
import { chosenPlace, firstView, keptView } from '../../src/webview/pruning/pruningState';
import { createFigures } from '../../src/webview/shared/figures';
import { proposal } from './fixtures';

const texts = panelTextsOf('en');
const figures = createFigures('en');
const found = proposal();

describe('a proposal in words', () => {
  it('none is worth it is a calm result, a recommendation a finding; each with its reason once', () => {
    const none = verdictWords(found, texts);
    assert.deepEqual([none.tone, none.title], ['calm', 'None is worth it.']);
    assert.match(none.text, /^Nearest is alpha/);
    const recommendation = { ...found.recommendation, alpha: 0.05, says: 'Because.' };
    const some = verdictWords({ recommendation }, texts);
    assert.deepEqual(some, { tone: 'finding', title: 'Alpha 0.05 is recommended.', text: 'Because.' });
  });

  it('every measured state is shown: the fine-tuned first, the base last, masks by their place', () => {
    const rows = stateRows(found, texts);
    const controls = found.points.reduce((sum, point) => sum + point.controls.length, 0);
    assert.equal(rows.length, 1 + found.points.length + controls + found.scaling.length);
    assert.equal(rows[0]!.kind, 'tuned');
    assert.equal(rows.at(-1)!.kind, 'base');
    assert.deepEqual(
      rows.flatMap(({ point }) => (point === null ? [] : [point])),
      found.points.map((_, i) => i),
    );
  });

  it('points in one place share one label, and none is left out', () => {
    const rows = stateRows(found, texts).filter(({ kind }) => kind === 'mask');
    const labels = placeLabels(rows, 1).flatMap(({ text }) => text.split(', '));
    assert.deepEqual([...labels].sort(), rows.map(({ label }) => label).sort());
    assert.ok(placeLabels(rows, 1).length < rows.length);
  });

  it('figures have their intervals', () => {
    const figure = { estimate: 0.75, low: 0.5, high: 0.9375, level: 0.95 };
    assert.equal(withInterval(figure, figures.share), '75% (50% – 93.8%)');
    assert.equal(pointsText({ estimate: 0.01, low: -0.02, high: 0.04, level: 0.95 }, figures), '+1.00 (-2.00 – +4.00)');
  });

  it('the map has every pruned entry of the mask, and the largest share the last shade', () => {
    for (const point of found.points) {
      const map = moduleMap(point);
      const cells = map.rows.flatMap(({ cells: all }) => all).filter((cell) => cell !== undefined);
      assert.equal(
        cells.reduce((sum, { pruned }) => sum + pruned, 0),
        point.pruned,
      );
      assert.equal(Math.max(...cells.map(({ level }) => level)), 6);
    }
  });

  it('rows are listed from the largest part, those without one not at all', () => {
    const rows = drivingRows([...found.rows, { ...found.rows[0]!, share: null }]);
    assert.equal(rows.length, found.rows.length);
    for (const [i, { share }] of rows.entries()) assert.ok(i === 0 || Math.abs(rows[i - 1]!.share) >= Math.abs(share));
  });
});

describe('the Pruning panel’s state', () => {
  it('whatever was kept, the chosen mask is one of the proposal’s', () => {
    fc.assert(
      fc.property(fc.anything(), fc.integer({ min: 1, max: 9 }), (kept, points) => {
        const place = chosenPlace(keptView(kept), { id: 'p' }, points, 0);
        assert.ok(place >= 0 && place < points);
      }),
    );
  });

  it('a choice is of its proposal alone', () => {
    const view = keptView({ record: 'a', point: 2 });
    assert.equal(chosenPlace(view, { id: 'a' }, 3, 0), 2);
    assert.equal(chosenPlace(view, { id: 'b' }, 3, 1), 1);
    assert.equal(chosenPlace(firstView, { id: 'a' }, 3, 1), 1);
  });
});
