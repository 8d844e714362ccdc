import assert from 'node:assert/strict';
import fc from 'fast-check';
import { makeControlTask } from '../../../src/analyses/probing/controlTask';
import { assignFolds, type GroupingRow, planFolds } from '../../../src/analyses/probing/foldGroups';
import { findTemplates } from '../../../src/analyses/probing/templates';
import { numberedGroups } from '../../../src/linalg/clustering/unionFind';
import { UserError } from '../../../src/protocol/errors';

const rows = fc.array(fc.record({ group: fc.nat(30), label: fc.nat(2) }), { minLength: 10, maxLength: 120 });

describe('folds of groups', () => {
  it('never part a group, and are as even as their groups allow', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 3, max: 6 }), fc.nat(1000), (given, count, seed) => {
        const groups = numberedGroups(given.map(({ group }) => group));
        const labels = Int32Array.from(given, ({ label }) => label);
        const folds = assignFolds(groups, labels, 3, count, seed);
        const of = new Map<number, number>();
        for (const [i, group] of groups.entries()) {
          assert.ok(folds[i]! >= 0 && folds[i]! < count);
          assert.equal(of.get(group) ?? folds[i], folds[i]);
          of.set(group, folds[i]!);
        }
        const largest = Math.max(...groups.map((group) => groups.filter((other) => other === group).length));
        for (let k = 0; k < 3; k++) {
          const held = Array.from(
            { length: count },
            (_, fold) => given.filter(({ label }, i) => label === k && folds[i] === fold).length,
          );
          // The greedy rule leaves a class at most about two groups apart.
          assert.ok(Math.max(...held) - Math.min(...held) <= 2 * largest + given.length / count);
        }
        assert.deepEqual(assignFolds(groups, labels, 3, count, seed), folds);
      }),
      { numRuns: 60 },
    );
  });

  it('split single rows evenly by class', () => {
    const labels = Int32Array.from({ length: 100 }, (_, i) => (i < 30 ? 1 : 0));
    const folds = assignFolds(Int32Array.from(labels.keys()), labels, 2, 5, 1);
    for (let fold = 0; fold < 5; fold++) {
      assert.equal(labels.filter((label, i) => label === 1 && folds[i] === fold).length, 6);
      assert.equal(labels.filter((label, i) => label === 0 && folds[i] === fold).length, 14);
    }
  });
});

function row(prompt: string, template: string | undefined, field: string | undefined): GroupingRow {
  return { plain: prompt, template, fields: [field] };
}

describe('what keeps rows in one fold', () => {
  const things = ['lamp', 'rug', 'saw', 'nail', 'pipe', 'hose', 'bolt', 'vase', 'mug', 'bin', 'mat', 'fan'];
  const made = things.flatMap((thing, i) => [
    row(`Where in this large shop can I find the ${thing} number ${i}?`, `t${i % 4}`, undefined),
    row(`Where in this large shop can I find the ${thing} number ${i}!`, `u${i % 4}`, `f${i % 6}`),
  ]);
  const labels = Int32Array.from(made, (_, i) => Math.floor(i / 2) % 2);

  it('is likeness, template and fields, joined over each other', () => {
    const { folds, groups, templates } = planFolds(made, labels, ['a', 'b'], 3, 0);
    assert.equal(templates, 'parted');
    // Without templates: each thing twice (its two rows differ in a mark), things of one field together.
    assert.equal(new Set(groups).size, 6);
    for (let i = 0; i < made.length; i += 2) assert.equal(folds[i], folds[i + 1]);
    const free = made.map((one, i) => ({ ...one, fields: [], template: `t${Math.floor(i / 2) % 6}` }));
    const together = planFolds(free, labels, ['a', 'b'], 3, 0);
    assert.equal(together.templates, 'together');
    assert.equal(new Set(together.groups).size, 6);
  });

  it('is an error where a class is left with too little to hold out', () => {
    const same = made.map((one, i) => ({ ...one, fields: [i % 4 < 2 ? 'x' : 'y'] }));
    assert.throws(
      () => planFolds(same, labels, ['a', 'b'], 3, 0),
      (error: unknown) => error instanceof UserError && error.code === 'too-few-groups',
    );
  });
});

describe('templates', () => {
  it('are what is left of texts without their rare words and numbers', () => {
    const cities = ['Oslo', 'Rome', 'Lima', 'Cairo', 'Kyoto', 'Paris'];
    const found = findTemplates([
      ...cities.map((city, i) => `How is the weather in ${city} on day ${i}?`),
      ...cities.map((city) => `Which river runs through ${city}?`),
      'Nothing like it.',
    ]);
    assert.equal(new Set(found.slice(0, 6)).size, 1);
    assert.equal(new Set(found.slice(6, 12)).size, 1);
    assert.notEqual(found[0], found[6]);
    assert.equal(found[12], undefined);
  });
});

describe('the control task', () => {
  const prompts = [
    'sell a red lamp',
    'sell a red rug',
    'buy a red lamp',
    'buy a red rug',
    'buy a red saw',
    'sell a red saw',
  ];
  const labels = Int32Array.from([0, 1, 0, 1, 0, 1]);
  const folds = Int32Array.from([0, 0, 1, 1, 2, 2]);

  it('gives a type the same label in all folds, and another type its own draw', () => {
    const templates = prompts.map((prompt) => prompt.split(' ')[3]);
    const task = makeControlTask('template', prompts, templates, labels, 2, folds, 5);
    assert.equal(task.type, 'template');
    for (const [i, type] of task.types.entries()) assert.equal(task.labels[i], task.labels[task.types.indexOf(type)]);
    // Lamps and rugs are in two folds, the saws in one.
    assert.equal(task.recurring, 4 / 6);
    const fewer = makeControlTask(
      'template',
      prompts.slice(0, 4),
      templates.slice(0, 4),
      labels.slice(0, 4),
      2,
      folds.slice(0, 4),
      5,
    );
    assert.deepEqual([...fewer.labels], [...task.labels.slice(0, 4)]);
  });

  it('by the key word takes the word that tells most of the label, whatever stands before it', () => {
    const verbs = prompts.map((prompt) => (prompt.startsWith('sell') ? 0 : 1));
    const telling = Int32Array.from(verbs);
    const task = makeControlTask('key', prompts, prompts, telling, 2, folds, 5);
    assert.deepEqual(
      task.types,
      prompts.map((prompt) => prompt.split(' ')[0]),
    );
    assert.equal(task.recurring, 1);
    const turned = prompts.map((prompt) => prompt.split(' ').reverse().join(' '));
    assert.deepEqual(makeControlTask('key', turned, turned, telling, 2, folds, 5).types, task.types);
    // Lamps are all 0 and rugs all 1: there the thing tells more than the verb.
    const ofThing = makeControlTask('key', prompts, prompts, labels, 2, folds, 5).types;
    assert.deepEqual(ofThing.slice(0, 4), ['lamp', 'rug', 'lamp', 'rug']);
  });

  it('takes the types that recur in other folds', () => {
    const apart = prompts.map((_, i) => `${folds[i]}`);
    assert.equal(makeControlTask('auto', prompts, apart, labels, 2, folds, 5).type, 'word');
  });
});
