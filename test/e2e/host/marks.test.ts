import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { WhenceApi } from '../../../src/client/extension';
import type { FindingsView, RowTag } from '../../../src/protocol/editorFindings';
import { waitFor } from '../support/waitFor';
import { traceSample } from './support/traceSample';
import { activatedExtension, showFile } from './support/whence';

/** Milliseconds from a question for the tags of visible lines to its answer; the median of some, on a machine at work. */
const tagsBar = 50;

describe('marks', () => {
  let whence: WhenceApi;
  let editor: vscode.TextEditor;
  let view: FindingsView;
  const uri = (): string => editor.document.uri.toString();
  const tagsOf = async (first: number, last: number): Promise<readonly RowTag[]> => {
    const server = await whence.context.server();
    return (await server.request('whence/tags', { uri: uri(), first, last })).tags;
  };
  const setting = (key: string, value: unknown): Thenable<void> =>
    vscode.workspace.getConfiguration('whence').update(key, value, vscode.ConfigurationTarget.Workspace);

  before(async function () {
    this.timeout(600_000);
    whence = (await activatedExtension()).exports;
    editor = await showFile('data/train.jsonl');
    // By words alone: what is marked is not the subject here, and the gate is the same.
    view = await traceSample(whence, 0, ['bm25']);
  });

  it('tags of visible lines come within the bar', async () => {
    const times: number[] = [];
    for (let first = 0; first + 60 < editor.document.lineCount && times.length < 15; first += 20) {
      const began = performance.now();
      await tagsOf(first, first + 60);
      times.push(performance.now() - began);
    }
    const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
    assert.ok(median < tagsBar, `the median was ${median.toFixed(1)} ms`);
  });

  it('all tags of an analysis have one width, whatever the preset', async () => {
    await setting('marks.preset', 'everything');
    const every = await waitFor('a tag for each row', async () => {
      const tags = await tagsOf(0, 200);
      return tags.length >= 199 && tags.every(({ text }) => text.trim() !== '') ? tags : undefined;
    });
    assert.equal(new Set(every.map(({ text }) => [...text].length)).size, 1);
    await setting('marks.preset', 'quiet');
    const quiet = await waitFor('fewer tags', async () => {
      const tags = await tagsOf(0, editor.document.lineCount);
      return tags.length <= 20 ? tags : undefined;
    });
    for (const { text } of quiet) assert.equal([...text].length, [...every[0]!.text].length);
    await setting('marks.preset', undefined);
  });

  it('one setting hides all of them, and another those of influence', async () => {
    for (const key of ['marks.enabled', 'marks.influence']) {
      await setting(key, false);
      await waitFor(`no tag under ${key}`, async () => ((await tagsOf(0, 500)).length === 0 ? true : undefined));
      await setting(key, undefined);
      await waitFor('tags again', async () => ((await tagsOf(0, 500)).length > 0 ? true : undefined));
    }
    assert.equal(view.active.method, 'bm25');
  });

  it('scrolling asks for tags of the lines in view, and never for the strip of the whole file', async () => {
    const server = await whence.context.server();
    const asked: { name: string; lines: number }[] = [];
    const request = server.request;
    const watched: typeof request = (name, params, token) => {
      const range = params as { first?: number; last?: number } | null;
      asked.push({ name, lines: (range?.last ?? 0) - (range?.first ?? 0) });
      return request(name, params, token);
    };
    Object.assign(server, { request: watched });
    try {
      for (const line of [150, 20, 300]) {
        editor.revealRange(new vscode.Range(line, 0, line, 0), vscode.TextEditorRevealType.AtTop);
        const before = asked.length;
        await waitFor('tags to be asked for', () => (asked.length > before ? true : undefined));
      }
      assert.deepEqual([...new Set(asked.map(({ name }) => name))], ['whence/tags']);
      for (const { lines } of asked) assert.ok(lines < 400, `${lines} lines`);
    } finally {
      Object.assign(server, { request });
    }
  });
});
