import assert from 'node:assert/strict';
import fc from 'fast-check';
import { englishPanelTexts, panelTextsOf } from '../../src/protocol/display/panelTexts';
import { createFigures, fill } from '../../src/webview/shared/figures';
import { heatLevel, heatLevels, surpriseLevel } from '../../src/webview/shared/heatScale';
import { keepLast } from '../../src/webview/shared/keepLast';
import { gateWords } from '../../src/webview/trace/gateNotice';
import { agreementFigures, changeOf, changeRows, resultWords } from '../../src/webview/verify/verifyFigures';
import { traceRecord, verifyOutcome } from './fixtures';

const figures = createFigures('en');
const texts = panelTextsOf('en');

describe('texts of panels', () => {
  it('Japanese texts have the places of the English ones', () => {
    const japanese = panelTextsOf('ja');
    const places = (text: string) => [...new Set(text.match(/\{\d\}/g) ?? [])].sort();
    for (const [key, text] of Object.entries(englishPanelTexts)) {
      assert.deepEqual(places(japanese[key as keyof typeof englishPanelTexts]), places(text), key);
    }
  });

  it('claim no more than was measured', () => {
    for (const text of Object.values(englishPanelTexts))
      assert.doesNotMatch(text, /\b(prove[sdn]?|proof|safe|restored|guarantee)/i);
  });

  it('are filled in where they have places', () => {
    assert.equal(fill('{0} of {1}, {0}', 'a', 2), 'a of 2, a');
    assert.equal(fill('{0} and {3}', 'a'), 'a and {3}');
  });

  it('any other language is English', () => {
    assert.equal(panelTextsOf('fr'), panelTextsOf('en'));
    assert.notEqual(panelTextsOf('ja-JP'), panelTextsOf('en'));
  });
});

describe('figures for people', () => {
  it('scores have three significant digits, whatever their size', () => {
    assert.equal(figures.score(13494.09), '13,500');
    assert.equal(figures.score(0.00042), '0.00042');
    assert.equal(figures.score(6.74e-5), '6.74E-5');
    assert.equal(figures.score(Number.NaN), '–');
  });

  it('a figure that is zero when written has no sign', () => {
    assert.equal(figures.plain(-0.0001), '0.00');
    assert.equal(figures.signed(-0.0001), '0.00');
    assert.equal(figures.signed(1.5), '+1.50');
  });

  it('a language that is not one is read as English', () => {
    assert.equal(createFigures('not a locale').count(1000), '1,000');
  });
});

describe('shading of tokens', () => {
  it('the strongest token has the last level, and the sign is that of its figure', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (value) => {
        const level = heatLevel(value, Math.abs(value));
        assert.equal(level, value === 0 ? 0 : Math.sign(value) * heatLevels);
      }),
    );
    assert.equal(heatLevel(1, 0), 0);
    assert.equal(heatLevel(Number.NaN, 1), 0);
  });

  it('a certain token has none, one below a percent has all', () => {
    assert.equal(surpriseLevel(0), 0);
    assert.equal(surpriseLevel(Math.log(0.005)), heatLevels);
    assert.ok(surpriseLevel(Math.log(0.5)) < surpriseLevel(Math.log(0.1)));
  });
});

describe('what is kept between renders', () => {
  it('is made anew only when an input changed', () => {
    let made = 0;
    const kept = keepLast((a: object, b: number) => {
      made += 1;
      return { a, b };
    });
    const input = {};
    const first = kept(input, 1);
    assert.equal(kept(input, 1), first);
    assert.notEqual(kept(input, 2), first);
    assert.equal(made, 2);
  });
});

describe('the gate in words', () => {
  const queries = traceRecord().documents[0]!.queries;

  it('rows that stand out are counted', () => {
    const words = gateWords(queries[0]!, texts, figures);
    assert.equal(words.tone, 'finding');
    assert.match(words.title, /^\d+ rows stand out\.$/);
  });

  it('a behaviour of the base is a calm result, not a failure', () => {
    const words = gateWords(queries[2]!, texts, figures);
    assert.deepEqual([words.tone, words.title], ['calm', 'The base model does this too.']);
  });

  it('no row above the null is a result of its own', () => {
    const words = gateWords({ ...queries[0]!, verdict: 'noRowStandsOut' }, texts, figures);
    assert.deepEqual([words.tone, words.title], ['calm', 'No row stands out.']);
  });

  it('without controls, or without a base, it says what is not known', () => {
    assert.equal(gateWords({ ...queries[0]!, threshold: null }, texts, figures).tone, 'warning');
    const unknown = { ...queries[0]!, gate: { ...queries[0]!.gate, verdict: 'unknown' as const } };
    assert.match(gateWords(unknown, texts, figures).text, /Without its base model/);
  });
});

describe('a retraining in one sentence', () => {
  const outcome = verifyOutcome();
  const [harmful, trigger] = outcome.queries;

  it('beyond every random removal, with the change as it was measured', () => {
    const words = resultWords(harmful!, texts, figures);
    assert.equal(words.title, 'Beyond every random removal.');
    assert.match(
      words.text,
      /16 rows .* -36\.34 nats; random removals .* \(3 tried\) came to -2\.73 at most\. The rows that BM25 likes best came to [+-]\d/,
    );
  });

  it('a right direction that random removals share is no finding', () => {
    const words = resultWords(trigger!, texts, figures);
    assert.deepEqual([words.tone, words.title], ['calm', 'Not beyond random removals.']);
  });

  it('a wrong direction is said to be against the prediction, whatever its size', () => {
    const words = resultWords({ ...harmful!, signRight: false }, texts, figures);
    assert.deepEqual([words.tone, words.title], ['warning', 'Against the prediction.']);
  });

  it('without random removals there is nothing to compare with', () => {
    const words = resultWords({ ...harmful!, random: [], beyondRandom: null }, texts, figures);
    assert.equal(words.title, 'There is nothing to compare it with.');
  });

  it('changes are those without the rows: weaker is below 0', () => {
    assert.equal(changeOf({ actual: 2 }), -2);
    assert.ok(Object.is(changeOf({ actual: 0 }), 0));
    const rows = changeRows(harmful!, outcome.method, texts, figures);
    assert.deepEqual(
      rows.map(({ kind }) => kind),
      ['own', 'bm25', 'random', 'random', 'random'],
    );
    assert.ok(rows[0]!.change < -36);
  });

  it('agreement is shown over all removals and over each behaviour’s own', () => {
    assert.equal(agreementFigures(outcome, texts, figures).length, 6);
  });
});
