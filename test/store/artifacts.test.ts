import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { UserError } from '../../src/protocol/errors';
import type { JsonObject } from '../../src/protocol/json';
import { type ArtifactTensor, openArtifacts } from '../../src/store/artifacts';
import { settings, withStore } from './support/vectors';

const plain = settings(1);
const never = (problem: UserError): void => {
  throw problem;
};

const values = fc.oneof(
  fc.float32Array({ minLength: 1, maxLength: 8 }),
  fc.float64Array({ minLength: 1, maxLength: 8 }),
);
const tensors = fc.dictionary(
  fc.string({ maxLength: 8 }).filter((name) => name !== '__metadata__'),
  values,
  {
    maxKeys: 4,
    noNullPrototype: true,
  },
);
const json = fc.dictionary(fc.string({ maxLength: 6 }), fc.jsonValue({ maxDepth: 2 }), {
  maxKeys: 4,
  noNullPrototype: true,
}) as fc.Arbitrary<JsonObject>;

describe('artifacts', () => {
  it('come back bit for bit under their key, and under no other', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, json, json, async (arrays, key, metadata) => {
        await withStore(async (store) => {
          const artifacts = await openArtifacts(store, plain, never);
          const written = new Map<string, ArtifactTensor>(
            Object.entries(arrays).map(([name, data]) => [name, { shape: [data.length], data }]),
          );
          assert.equal(await artifacts.readArtifact('factors', key), undefined);
          await artifacts.writeArtifact('factors', key, written, metadata);
          const found = await artifacts.readArtifact('factors', key);
          assert.deepEqual([...found!.tensors].sort(byName), [...written].sort(byName));
          assert.deepEqual(found!.metadata, JSON.parse(JSON.stringify(metadata)));
          assert.equal(await artifacts.readArtifact('scores', key), undefined);
          assert.equal(await artifacts.readArtifact('factors', { ...key, more: 1 }), undefined);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('the order of a key does not count', async () => {
    await withStore(async (store) => {
      const artifacts = await openArtifacts(store, plain, never);
      await artifacts.writeArtifact('null', { a: 1, b: { c: 2, d: 3 } }, new Map(), { x: 1 });
      assert.deepEqual((await artifacts.readArtifact('null', { b: { d: 3, c: 2 }, a: 1 }))?.metadata, { x: 1 });
    });
  });

  it('tensors are written and read one by one where they are many', async () => {
    await withStore(async (store) => {
      const artifacts = await openArtifacts(store, plain, never);
      const lazy = (value: number) =>
        ({ shape: [2, 3], element: 'float64', read: async () => new Float64Array(6).fill(value) }) as const;
      await artifacts.writeArtifact(
        'factors',
        {},
        new Map([
          ['a', lazy(1)],
          ['b', lazy(2)],
        ]),
        {},
      );
      const open = await artifacts.openArtifact('factors', {});
      assert.deepEqual(
        [...open!.shapes],
        [
          ['a', [2, 3]],
          ['b', [2, 3]],
        ],
      );
      assert.deepEqual(await open!.readTensor('b'), { shape: [2, 3], data: new Float64Array(6).fill(2) });
    });
  });

  it('a later one replaces an earlier one and leaves no file behind', async () => {
    await withStore(async (store) => {
      const artifacts = await openArtifacts(store, plain, never);
      for (const value of [1, 2, 3])
        await artifacts.writeArtifact('scores', { q: 1 }, new Map([['s', tensor(value)]]), { value });
      assert.deepEqual((await artifacts.readArtifact('scores', { q: 1 }))?.metadata, { value: 3 });
      assert.equal(readdirSync(path.join(store, 'artifacts', 'scores')).length, 2);
    });
  });

  it('a damaged one is reported by name and counts as none; writing it again mends it', async () => {
    const damages: [string, string, (file: string) => void][] = [
      ['json gone bad', '.json', (file) => writeFileSync(file, '{')],
      ['json of something else', '.json', (file) => writeFileSync(file, '{}')],
      [
        'json that points elsewhere',
        '.json',
        (file) =>
          writeFileSync(file, readFileSync(file, 'utf8').replace(/"file":"[^"]*"/, '"file":"../../../x.safetensors"')),
      ],
      ['tensors gone', '.safetensors', (file) => rmSync(file)],
      [
        'tensors cut',
        '.safetensors',
        (file) => writeFileSync(file, readFileSync(file).subarray(0, statSync(file).size - 4)),
      ],
      [
        'a changed value',
        '.safetensors',
        (file) => {
          const bytes = readFileSync(file);
          bytes[bytes.length - 1] = bytes[bytes.length - 1]! ^ 1;
          writeFileSync(file, bytes);
        },
      ],
    ];
    for (const [name, ending, damage] of damages) {
      await withStore(async (store) => {
        const problems: UserError[] = [];
        const artifacts = await openArtifacts(store, plain, (problem) => problems.push(problem));
        const write = () => artifacts.writeArtifact('scores', { q: 1 }, new Map([['s', tensor(5)]]), {});
        await write();
        const folder = path.join(store, 'artifacts', 'scores');
        damage(path.join(folder, readdirSync(folder).find((file) => file.endsWith(ending))!));
        assert.equal(await artifacts.readArtifact('scores', { q: 1 }), undefined, name);
        assert.equal(problems.length, 1, name);
        assert.ok(problems[0]!.message.includes(folder), name);
        await write();
        assert.deepEqual((await artifacts.readArtifact('scores', { q: 1 }))?.tensors.get('s'), tensor(5), name);
      });
    }
  });

  it('refuses what goes beyond the budget', async () => {
    await withStore(async (store) => {
      const artifacts = await openArtifacts(store, { ...plain, budgetBytes: 2000 }, never);
      const large = new Map([['s', { shape: [1000], data: new Float32Array(1000) }]]);
      await assert.rejects(
        artifacts.writeArtifact('scores', {}, large, {}),
        (error) => error instanceof UserError && error.code === 'store-full',
      );
      assert.equal(await artifacts.readArtifact('scores', {}), undefined);
    });
  });
});

const tensor = (value: number): ArtifactTensor => ({ shape: [4], data: new Float32Array(4).fill(value) });
const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
