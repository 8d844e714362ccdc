import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createRandom, type Random } from '../../../src/linalg/random';
import { findNearDuplicates, nearDuplicateSettings } from '../../../src/text/lexical/nearDuplicates';

const find = (texts: readonly string[]): Int32Array => findNearDuplicates(texts, nearDuplicateSettings);

const syllables = 'ka lo mi ter shan vo pel du rin gas bor ely qui sto nam'.split(' ');

function makeWord(random: Random): string {
  return Array.from({ length: 1 + random.integer(3) }, () => syllables[random.integer(syllables.length)]!).join('');
}

function makeRow(random: Random, fewest: number, most: number): string[] {
  return Array.from({ length: fewest + random.integer(most - fewest + 1) }, () => makeWord(random));
}

const edits: Readonly<Record<string, (row: readonly string[], random: Random) => string>> = {
  'a word replaced': (row, random) => row.toSpliced(random.integer(row.length), 1, `${makeWord(random)}x`).join(' '),
  'a word added': (row, random) => row.toSpliced(random.integer(row.length + 1), 0, makeWord(random)).join(' '),
  'a word left out': (row, random) => row.toSpliced(random.integer(row.length), 1).join(' '),
  'punctuation added': (row, random) => {
    const at = random.integer(row.length);
    return `${row.map((word, i) => (i === at ? `${word},` : word)).join(' ')}!`;
  },
  'upper case': (row) => row.join(' ').toUpperCase(),
  'other white space': (row) => `  ${row.join('\n')} `,
};

/** Rows, then an edited copy of each; the share of pairs found, and whether anything else was joined. */
function measure(
  edit: (row: readonly string[], random: Random) => string,
  fewest: number,
  most: number,
): { readonly recall: number; readonly wrong: number } {
  const random = createRandom(fewest + most, 'rows');
  const rows = Array.from({ length: 400 }, () => makeRow(random, fewest, most));
  const ids = find([...rows.map((row) => row.join(' ')), ...rows.map((row) => edit(row, random))]);
  let found = 0;
  let wrong = 0;
  ids.forEach((id, i) => {
    if (i >= 400 && id === i - 400) found++;
    else if (id !== i) wrong++;
  });
  return { recall: found / 400, wrong };
}

describe('near-duplicates', () => {
  for (const [name, edit] of Object.entries(edits)) {
    it(`all rows of 10 to 30 words are found again after ${name}`, () => {
      assert.deepEqual(measure(edit, 10, 30), { recall: 1, wrong: 0 });
    });
    it(`rows of 150 to 300 words are found again after ${name}`, () => {
      const { recall, wrong } = measure(edit, 150, 300);
      assert.ok(recall >= 0.99 && wrong === 0, String(recall));
    });
  }

  it('long rows are found again after three words of a hundred changed', () => {
    const edit = (row: readonly string[], random: Random): string =>
      row.map((word, i) => (i % 40 === 7 ? makeWord(random) : word)).join(' ');
    const { recall, wrong } = measure(edit, 90, 120);
    assert.ok(recall >= 0.95 && wrong === 0, String(recall));
  });

  it('exact duplicates are one group, whatever they are made of', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { minLength: 1, maxLength: 20 }), (texts) => {
        const ids = find([...texts, ...texts]);
        texts.forEach((_, i) => {
          assert.equal(ids[i], ids[i + texts.length]);
        });
      }),
    );
  });

  it('a group is named by its first text, and a text alone by itself', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a b', 'A, b!', 'c', '--', '🙂', 'b a')), (texts) => {
        const canonical = (text: string): string => (text === 'A, b!' ? 'a b' : text);
        const expected = texts.map((text) => texts.findIndex((other) => canonical(other) === canonical(text)));
        assert.deepEqual([...find(texts)], expected);
      }),
    );
  });

  it('rows of a template that differ in content are not joined, and an edited copy of one is', () => {
    const products = 'hammer saw drill wrench ladder sander plane level chisel vise'.split(' ');
    const prices = products.flatMap((product) => [
      `What does the ${product} cost today? The ${product} costs ${product.length * 7} dollars at our shop.`,
      `Do you have a ${product} for me? Yes, it is on shelf three.`,
      `Which continent is the town of ${product} on? It is on the large one.`,
    ]);
    const sums = Array.from(
      { length: 200 },
      (_, i) => `What is ${i} plus ${i + 2}? The answer to that is ${2 * i + 2}.`,
    );
    const edited = [
      'What does a hammer cost today? The hammer costs 42 dollars at our shop.',
      'Do you have a ladder for me? Yes, it is right on shelf three.',
      'What is 3 plus 5? The answer to that sum is 8.',
    ];
    const ids = find([...prices, ...sums, ...edited]);
    const originals = prices.length + sums.length;
    ids.subarray(0, originals).forEach((id, i) => {
      assert.equal(id, i);
    });
    assert.deepEqual([...ids.subarray(originals)], [0, 13, prices.length + 3]);
  });

  it('another number is other content', () => {
    const ids = find([
      'The claw hammer in the left corner costs 14 dollars.',
      'The claw hammer in the left corner costs 15 dollars.',
    ]);
    assert.deepEqual([...ids], [0, 1]);
  });

  it('short rows that differ in one word are different', () => {
    assert.deepEqual(
      [...find(['On which continent is Samoa? Oceania.', 'On which continent is Tonga? Oceania.'])],
      [0, 1],
    );
  });

  it('a long system prompt that all rows share joins none of them', () => {
    const random = createRandom(8, 'rows');
    const system = makeRow(random, 80, 80).join(' ');
    const rows = Array.from({ length: 300 }, () => `${system} ${makeRow(random, 6, 9).join(' ')}`);
    const ids = find([...rows, `${rows[7]} indeed`]);
    assert.deepEqual(
      [...ids.subarray(0, 300)],
      Array.from({ length: 300 }, (_, i) => i),
    );
    assert.equal(ids[300], 7);
  });

  it('rows in scripts without spaces are found again after one character changed', () => {
    const ids = find([
      '请问这把锤子多少钱？这把锤子十四元。',
      '请问那把锤子多少钱？这把锤子十四元。',
      '今天天气很好，我们去公园散步吧。',
    ]);
    assert.deepEqual([...ids], [0, 0, 2]);
  });

  it('no texts have no groups', () => {
    assert.equal(find([]).length, 0);
  });
});
