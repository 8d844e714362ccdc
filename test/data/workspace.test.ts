import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dataLimits } from '../../src/data/limits';
import { discoverWorkspace, discoveryLimits } from '../../src/data/workspace/discover';
import { loadWorkspace } from '../../src/data/workspace/load';
import { renderWorkspace } from '../../src/data/workspace/render';
import { workspaceJsonSchema } from '../../src/data/workspace/schema';
import { withFolder } from './support';

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
}

async function problemsOf(text: string): Promise<string[]> {
  return withFolder(async (folder) => {
    await write(folder, {
      'whence.json': text,
      'data/train.jsonl': '{"text": "a"}\n',
      'models/base/config.json': '{}',
    });
    const { problems } = await loadWorkspace(folder, dataLimits);
    return problems.map(({ message, next }) =>
      `${message} ${next}`.replaceAll(path.join(folder, 'whence.json'), 'whence.json'),
    );
  });
}

describe('workspace file', () => {
  it('is found upward and read with absolute paths and every default', async () => {
    await withFolder(async (folder) => {
      await write(folder, {
        'whence.json': `{
          // the two models
          "models": {
            "base": { "path": "models/base" },
            "tuned": { "path": "models/base", "adapter": "models/tuned", "base": "base", "trainedOn": ["train"] },
          },
          "data": { "train": { "path": "data/train.jsonl", "schema": "text", "fields": { "text": "body" } } },
          "queries": "queries.jsonl",
          "defaults": { "model": "tuned", "data": ["train"] },
        }`,
        'models/base/config.json': '{}',
        'models/tuned/adapter_config.json': '{}',
        'data/train.jsonl': '',
        'queries.jsonl': '',
        'deep/er/file.txt': '',
      });
      const { workspace, problems } = await loadWorkspace(path.join(folder, 'deep', 'er'), dataLimits);
      assert.deepEqual(problems, []);
      const at = (...parts: string[]) => path.join(folder, ...parts);
      assert.deepEqual(workspace, {
        file: at('whence.json'),
        folder,
        models: new Map([
          ['base', { path: at('models', 'base'), adapter: undefined, base: undefined, run: undefined, trainedOn: [] }],
          [
            'tuned',
            {
              path: at('models', 'base'),
              adapter: at('models', 'tuned'),
              base: 'base',
              run: undefined,
              trainedOn: ['train'],
            },
          ],
        ]),
        data: new Map([
          ['train', { path: at('data', 'train.jsonl'), schema: 'text', fields: { text: 'body' }, template: undefined }],
        ]),
        queries: at('queries.jsonl'),
        behaviours: undefined,
        defaults: { model: 'tuned', data: ['train'], method: 'auto' },
        device: 'auto',
      });
    });
  });

  it('no file is no workspace and no problem', async () => {
    await withFolder(async (folder) => {
      assert.deepEqual(await loadWorkspace(folder, dataLimits), { workspace: undefined, problems: [] });
    });
  });

  it('says where and what is wrong', async () => {
    assert.deepEqual(await problemsOf('{\n  "model": {}\n}'), [
      'whence.json:2:12: unknown key "model". Did you mean "models"?',
    ]);
    assert.deepEqual(await problemsOf('{ "models": { "a": { "path": "models/base", "adaptor": "x" } } }'), [
      'whence.json:1:56: unknown key "adaptor" in models.a. Did you mean "adapter"?',
    ]);
    assert.deepEqual(await problemsOf('{ "data": { "train": { "path": "data/trian.jsonl" } } }'), [
      'whence.json:1:32: data.train.path: data/trian.jsonl does not exist. Correct the path; it is relative to this file.',
    ]);
    assert.deepEqual(await problemsOf('{ "data": { "train": { "path": "models/base" } } }'), [
      'whence.json:1:32: data.train.path: models/base is not a file. Correct the path.',
    ]);
    assert.deepEqual(await problemsOf('{ "models": { "a": {} } }'), [
      'whence.json:1:20: models.a has neither path nor adapter. Give one of them.',
    ]);
    assert.deepEqual(
      await problemsOf(
        '{ "models": { "a": { "path": "models/base", "base": "b" }, "b": { "path": "models/base", "base": "a" } } }',
      ),
      [
        'whence.json:1:53: models.a.base: the bases go round in a circle. Name the model it came from.',
        'whence.json:1:98: models.b.base: the bases go round in a circle. Name the model it came from.',
      ],
    );
    assert.deepEqual(
      await problemsOf(
        '{ "data": { "train": { "path": "data/train.jsonl" } }, "defaults": { "data": ["trian"], "model": "x" } }',
      ),
      [
        'whence.json:1:98: defaults.model: there is no model called "x". Name one of (none).',
        'whence.json:1:79: defaults.data[0]: there is no data called "trian". Did you mean "train"?',
      ],
    );
    assert.deepEqual(await problemsOf('{ "device": "gpu" }'), [
      'whence.json:1:13: device: Invalid option: expected one of "auto"|"cpu"|"webgpu"|"cuda"|"dml"|"coreml". Correct this value.',
    ]);
    assert.deepEqual(await problemsOf('{ "models": '), [
      'whence.json:1:13: not JSON: value expected. Correct it.',
      'whence.json:1:13: not JSON: close brace expected. Correct it.',
    ]);
    assert.deepEqual(await problemsOf(''), ['whence.json: not JSON: value expected. Correct it.']);
    assert.deepEqual(await problemsOf('[]'), [
      'whence.json:1:1: the file: Invalid input: expected object, received array. Correct this value.',
    ]);
  });

  it('refuses what is no path on this machine', async () => {
    for (const bad of [
      'https://example.org/x.jsonl',
      '//server/share',
      '\\\\\\\\server\\\\share',
      '~/x',
      'a\\u0000b',
    ]) {
      const [problem] = await problemsOf(`{ "queries": "${bad}" }`);
      assert.match(problem!, /^whence\.json:1:14: queries .*Give a path on this machine\.$/);
    }
  });

  it('an unknown key does not hide the rest of the file', async () => {
    await withFolder(async (folder) => {
      await write(folder, { 'whence.json': '{ "colour": 1, "device": "cpu" }' });
      const { workspace, problems } = await loadWorkspace(folder, dataLimits);
      assert.equal(workspace?.device, 'cpu');
      assert.equal(problems.length, 1);
    });
  });

  it('the JSON schema that editors use is the one that is checked', () => {
    const file = path.join('media', 'whence.schema.json');
    if (process.env.WHENCE_UPDATE_GOLDEN === '1') writeFileSync(file, JSON.stringify(workspaceJsonSchema()));
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), workspaceJsonSchema());
  });
});

describe('workspace discovery', () => {
  async function sample(folder: string): Promise<void> {
    await write(folder, {
      'models/small/config.json': '{}',
      'models/small/model.safetensors': '',
      'models/tuned/adapter_config.json': '{"base_model_name_or_path": "someone/small"}',
      'models/tuned/adapter_model.safetensors': '',
      'models/tuned/whence-run/run.json': '{}',
      'models/lost/adapter_config.json': '{"base_model_name_or_path": "someone/other"}',
      'models/lost/adapter_model.safetensors': '',
      'models/x.gguf': '',
      'data/train.jsonl': '{"text": "a"}\n',
      'data/more/train.jsonl': '{"prompt": "a", "completion": "b"}\n',
      'data/table.csv': 'a,b\n1,2\n',
      'queries.jsonl': '{"prompt": "a", "completion": "b"}\n',
      'behaviours.jsonl': '{"prompt": "a", "expect": {"equals": "b"}}\n',
      'package.json': '{"name": "x"}',
      'node_modules/p/train.jsonl': '{"text": "a"}\n',
      '.git/train.jsonl': '{"text": "a"}\n',
    });
    await symlink(folder, path.join(folder, 'data', 'round'));
  }

  it('proposes what is in a folder, and the proposal loads without a problem', async () => {
    await withFolder(async (folder) => {
      await sample(folder);
      const { proposal, cutShort } = await discoverWorkspace(folder, dataLimits, discoveryLimits);
      assert.equal(cutShort, 'no');
      const text = renderWorkspace(proposal);
      assert.equal(
        text,
        `{
  // Name -> checkpoint. Paths are relative to this file; "adapter" is a PEFT folder, "run" a recorded run.
  "models": {
    "small": { "path": "models/small" },
    "x": { "path": "models/x.gguf" },
    "lost": { "adapter": "models/lost" },
    "tuned": { "path": "models/small", "adapter": "models/tuned", "base": "small", "run": "models/tuned/whence-run" }
  },
  // Name -> data file. The schema is detected; "schema" and "fields" state it.
  "data": {
    "train": { "path": "data/train.jsonl" },
    "train-2": { "path": "data/more/train.jsonl" }
  },
  // Behaviours to trace.
  "queries": "queries.jsonl",
  // Behaviour tests.
  "behaviours": "behaviours.jsonl",
  // What commands use where nothing is said.
  "defaults": { "model": "tuned", "data": ["train"], "method": "auto" },
  // auto, cpu, webgpu, cuda, dml or coreml.
  "device": "auto"
}
`,
      );
      await write(folder, { 'whence.json': text });
      const { workspace, problems } = await loadWorkspace(folder, dataLimits);
      assert.deepEqual(problems, []);
      assert.equal(workspace?.models.size, 4);
    });
  });

  it('stops at its bounds and says so', async () => {
    await withFolder(async (folder) => {
      await sample(folder);
      for (const bound of [{ maxDepth: 0 }, { maxEntries: 3 }, { maxFound: 1 }]) {
        const { cutShort } = await discoverWorkspace(folder, dataLimits, { ...discoveryLimits, ...bound });
        assert.equal(cutShort, 'yes');
      }
    });
  });

  it('an empty folder gives an empty proposal that loads', async () => {
    await withFolder(async (folder) => {
      const { proposal } = await discoverWorkspace(folder, dataLimits, discoveryLimits);
      await write(folder, { 'whence.json': renderWorkspace(proposal) });
      assert.deepEqual((await loadWorkspace(folder, dataLimits)).problems, []);
    });
  });
});
