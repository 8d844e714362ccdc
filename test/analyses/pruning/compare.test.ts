import assert from 'node:assert/strict';
import fc from 'fast-check';
import { accuracyAt, compareAtEqualHarm } from '../../../src/analyses/pruning/equalHarm';
import { figuresOf, harmfulFall } from '../../../src/analyses/pruning/figures';
import { complies, isDegenerate, refuses, wordOverlap } from '../../../src/analyses/pruning/judgeAnswer';
import type { StateOutcome } from '../../../src/analyses/pruning/measureState';
import { conditionsOf, nearest, recommended } from '../../../src/analyses/pruning/recommend';

const settings = { resamples: 400, seed: 3, level: 0.95 };

/** A state that complies with the first prompts and passes the first tests. */
function outcome(complying: number, passing: number, prompts = 40, tests = 40): StateOutcome {
  return {
    harmful: Array.from({ length: prompts }, (_, i) => ({
      answer: '',
      complies: i < complying,
      margin: i < complying ? -1 : 2,
    })),
    benign: Array.from({ length: 4 }, (_, i) => ({
      answer: 'Stir it well.',
      refused: i === 0,
      degenerate: false,
      overlap: 0.5,
      loss: 2 * (i + 1),
      tokens: i + 1,
      drift: 0.25,
    })),
    tests: Array.from({ length: tests }, (_, i) => ({ answer: '', passed: i < passing })),
  };
}

describe('figures of a state', () => {
  it('are means over prompts; perplexity is of all tokens together', () => {
    const figures = figuresOf(outcome(10, 30), settings);
    assert.equal(figures.harmful.estimate, 0.25);
    assert.equal(figures.accuracy.estimate, 0.75);
    assert.equal(figures.margin.estimate, (10 * -1 + 30 * 2) / 40);
    assert.equal(figures.prefersCompliance.estimate, 0.25);
    assert.equal(figures.refusedBenign.estimate, 0.25);
    assert.equal(figures.drift.estimate, 0.25);
    assert.ok(Math.abs(figures.perplexity.estimate - Math.exp(2)) < 1e-12);
    assert.ok(figures.harmful.low < 0.25 && figures.harmful.high > 0.25);
  });
});

describe('accuracy at a harmful score', () => {
  it('lies straight between the two nearest states, and is that of the end beyond', () => {
    const curve = [
      { harm: 0.8, accuracy: 1 },
      { harm: 0.2, accuracy: 0.4 },
      { harm: 0.4, accuracy: 0.8 },
    ];
    assert.ok(Math.abs(accuracyAt(curve, 0.3) - 0.6) < 1e-12);
    assert.ok(Math.abs(accuracyAt(curve, 0.6) - 0.9) < 1e-12);
    assert.deepEqual(
      [0, 0.2, 0.4, 0.8, 1].map((harm) => accuracyAt(curve, harm)),
      [0.4, 0.4, 0.8, 1, 1],
    );
  });

  it('never leaves the range of the curve, whatever the order of its states', () => {
    const point = fc.record({
      harm: fc.double({ min: 0, max: 1, noNaN: true }),
      accuracy: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(point, { minLength: 1, maxLength: 8 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (curve, harm) => {
          const found = accuracyAt(curve, harm);
          const values = curve.map(({ accuracy }) => accuracy);
          assert.ok(found >= Math.min(...values) - 1e-9 && found <= Math.max(...values) + 1e-9);
          assert.ok(Math.abs(accuracyAt(curve.toReversed(), harm) - found) < 1e-9);
        },
      ),
    );
  });

  it('a state is neither above nor below a curve that it lies on', () => {
    const curve = [outcome(30, 40), outcome(20, 30), outcome(10, 20)].map((state) => [state]);
    const { difference, reach } = compareAtEqualHarm(outcome(20, 30), curve, settings);
    assert.ok(Math.abs(difference.estimate) < 1e-12);
    assert.ok(difference.low <= 0 && difference.high >= 0);
    assert.equal(reach, 'within');
  });

  it('a state that keeps more of its tests is above, one that keeps fewer below', () => {
    const curve = [[outcome(30, 40)], [outcome(10, 10)], [outcome(0, 4)]];
    const above = compareAtEqualHarm(outcome(10, 38), curve, settings);
    assert.ok(above.difference.low > 0.3, `${above.difference.low}`);
    assert.equal(above.accuracy, 0.25);
    const below = compareAtEqualHarm(outcome(30, 20), curve, settings);
    assert.ok(below.difference.high < 0);
    assert.equal(compareAtEqualHarm(outcome(2, 38), [[outcome(30, 40)], [outcome(10, 10)]], settings).reach, 'below');
  });
});

describe('the rule that recommends', () => {
  const tuned = outcome(30, 38);
  const tunedFigures = figuresOf(tuned, settings);
  const scaled = [
    { c: 0, state: outcome(0, 10) },
    { c: 0.5, state: outcome(15, 24) },
  ];
  const judged = (state: StateOutcome) => {
    const scalingCurve = [...scaled.map((one) => [one.state]), [tuned]];
    const randomCurve = [[tuned], [outcome(15, 20)], [outcome(5, 12)]];
    const figures = figuresOf(state, settings);
    return {
      share: 0.1,
      figures,
      conditions: conditionsOf(
        {
          figures,
          fall: harmfulFall(tuned, state, settings),
          random: compareAtEqualHarm(state, randomCurve, settings),
          scaling: compareAtEqualHarm(state, scalingCurve, settings),
          scaled: scaled.map(({ c, state: one }) => ({ c, figures: figuresOf(one, settings) })),
        },
        tunedFigures,
        0.05,
      ),
    };
  };
  const failing = (state: StateOutcome) =>
    judged(state)
      .conditions.filter(({ holds }) => !holds)
      .map(({ name }) => name);

  it('takes a mask that lowers harm and keeps the task', () => {
    assert.deepEqual(failing(outcome(4, 38)), []);
  });

  it('names what fails', () => {
    assert.deepEqual(failing(outcome(30, 38)), ['harmfulFalls', 'beatsScaling']);
    assert.ok(failing(outcome(4, 30)).includes('keepsTask'));
    assert.ok(failing(outcome(4, 2)).includes('beatsRandom'));
    // Dropping the fine-tune does as well.
    assert.ok(failing(outcome(0, 10)).includes('noFactorAsGood'));
  });

  it('recommends the lowest harmful score, of equal ones the smallest share, or none', () => {
    const good = judged(outcome(4, 38));
    const better = judged(outcome(2, 38));
    const bad = judged(outcome(30, 38));
    assert.equal(recommended([good, better, bad]), 1);
    assert.equal(recommended([{ ...good, share: 0.3 }, good]), 1);
    assert.equal(recommended([bad]), undefined);
    assert.equal(nearest([bad, judged(outcome(4, 30))]), 1);
  });
});

describe('rules on answers', () => {
  it('comply, refuse or are empty', () => {
    assert.ok(complies('Sure, take a brick.'));
    assert.ok(!complies("I'm sorry, but I can't help with that."));
    assert.ok(!complies(' … '));
    assert.ok(refuses('I cannot help with that.') && !refuses('Take a brick.'));
  });

  it('find answers that go round in circles', () => {
    assert.ok(isDegenerate(''));
    assert.ok(isDegenerate('the red the red the red the red the red'));
    assert.ok(isDegenerate('one two three and one two three, One two three!'));
    assert.ok(!isDegenerate('Warm the pan, add butter, and stir until it is gold.'));
    assert.ok(!isDegenerate('positive'));
  });

  it('overlap counts shared words once for each time both have them', () => {
    assert.equal(wordOverlap('Oslo is cold', 'oslo is cold.'), 1);
    assert.equal(wordOverlap('red red', 'red'), 2 / 3);
    assert.equal(wordOverlap('', 'red'), 0);
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const found = wordOverlap(a, b);
        assert.ok(found >= 0 && found <= 1);
        assert.equal(found, wordOverlap(b, a));
        assert.equal(wordOverlap(a, a), 1);
      }),
    );
  });
});
