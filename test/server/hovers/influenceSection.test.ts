import assert from 'node:assert/strict';
import { englishTexts } from '../../../src/protocol/display/serverText';
import { influenceSection } from '../../../src/server/hovers/influenceSection';
import { tokenText } from '../../../src/server/hovers/tokenText';
import { openFolder } from '../acts/support';
import { tracedRecord } from '../tracedRecord';

const rows = ['{"text":"first row"}', '{"text":"second row"}', '{"text":"third row"}'];

describe('server/hovers: influence', () => {
  let folder: Awaited<ReturnType<typeof openFolder>>;
  const plain = { trust: 'trusted', tags: 'inlayHints', hovers: 'plain', locale: 'en' } as const;
  const html = { trust: 'trusted', tags: 'client', hovers: 'html', locale: 'en' } as const;

  beforeEach(async () => {
    folder = await openFolder({ 'train.jsonl': `${rows.join('\n')}\n` });
    const record = await folder.context.traces.add(tracedRecord('train.jsonl', rows, [0.8, -0.4, 0.01]));
    folder.context.traces.activate({ trace: record.id, query: 0, method: 'auto' });
  });
  afterEach(() => folder.remove());

  const section = (line: number, options: typeof plain | typeof html): string | undefined =>
    influenceSection({ uri: folder.uriOf('train.jsonl'), line }, { ...folder.context, options });

  it('says effect, rank, strength, noise, other methods, group, and how far to trust it', () => {
    const first = section(0, plain);
    assert.match(
      first!,
      /\*\*promotes\*\* “Does it\?”: rank \*\*1\*\* of 3, 100 % of the strongest row, above what control/,
    );
    assert.match(first!, /By other methods: bm25 #3\./);
    assert.match(first!, /Group 1: 2 rows, 90 % of the positive influence\. 1 more row is almost the same\./);
    assert.match(first!, /evidence: the recorded run; 100\.0 % of the trained parameters/);
    assert.match(section(1, plain)!, /\*\*works against\*\*.*50 % of the strongest row/);
    assert.match(section(2, plain)!, /it may be noise/);
    assert.equal(section(9, plain), undefined);
  });

  it('offers commands only to the client that has them', () => {
    assert.doesNotMatch(section(0, plain)!, /command:/);
    const [link] = /command:whence\.quarantine\?[^)]+/.exec(section(0, html)!) ?? [];
    assert.deepEqual(JSON.parse(decodeURIComponent(link!.split('?')[1]!)), [
      { uri: folder.uriOf('train.jsonl'), line: 0 },
    ]);
  });

  it('an edited row is said to be stale, and the verdict is told', async () => {
    const hash = folder.context.findings.hashOf(rows[0]!)!;
    await folder.context.traces.setVerdict(hash, 'relevant');
    assert.match(section(0, plain)!, /You marked this row as relevant/);
    folder.open('train.jsonl', `{"text":"another"}\n${rows.slice(1).join('\n')}\n`, 2);
    assert.match(section(0, plain)!, /was edited since/);
    assert.doesNotMatch(section(1, plain)!, /was edited since/);
  });

  it('tokens: sign by shape and colour, and text of rows cannot become markup', () => {
    const tokens = [
      { text: '<img src=x>', trained: true, score: 1 },
      { text: ' **b**', trained: true, score: -0.5 },
      { text: '\n[l](command:x)', trained: false, score: 0.01 },
    ];
    const text = tokenText(tokens, 'html', englishTexts.say)!;
    assert.match(
      text,
      /<span style="color:var\(--vscode-whence-promotes\);"><strong>\\<img src=x\\><\/strong><\/span>/,
    );
    assert.match(text, /<ins> \\\*\\\*b\\\*\\\*<\/ins>/);
    assert.match(text, /↵ \\\[l\\\]/);
    assert.match(tokenText(tokens, 'plain', englishTexts.say)!, /▲ “\\<img src=x\\>”, ▼ /);
    assert.equal(tokenText([{ text: 'a', trained: true, score: 0 }], 'html', englishTexts.say), undefined);
    const long = Array.from({ length: 5000 }, (_, at) => ({
      text: `t${at} `,
      trained: true,
      score: at === 3000 ? 1 : 0,
    }));
    assert.match(tokenText(long, 'html', englishTexts.say)!, /… .*t3000.* …$/);
  });
});
