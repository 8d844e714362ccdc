/** Fills a store until it is complete or killed: STORE ROWS WIDTH. Says `+` after every three rows, `.` after other steps. */
import { openArtifacts } from '../../../src/store/artifacts';
import { appendLineage } from '../../../src/store/lineage';
import { openVectorIndex } from '../../../src/store/openVectorIndex';
import { rowBytes } from '../../../src/store/vectorDescription';
import { description, range, rowHash, rowsOf, settings } from './vectors';

const [storeFolder, rowsText, widthText] = process.argv.slice(2);
const width = Number(widthText);
const form = description('float16', width);
const index = await openVectorIndex(storeFolder!, form, settings(rowBytes(form) * 8));
const artifacts = await openArtifacts(storeFolder!, settings(1), (problem) => {
  throw problem;
});
const missing = new Set(index.missing(range(0, Number(rowsText)).map(rowHash)));
const todo = range(0, Number(rowsText)).filter((row) => missing.has(rowHash(row)));
process.stdout.write(`missing ${todo.length}\n`);
for (let at = 0; at < todo.length; at += 3) {
  const { hashes, vectors, scalars } = rowsOf(todo.slice(at, at + 3), width);
  await index.append(hashes, vectors, scalars);
  process.stdout.write('+');
  if (at % 4 === 0) {
    const tensors = new Map([['step', { shape: [500], data: new Float32Array(500).fill(at) }]]);
    await artifacts.writeArtifact('factors', { of: 'all' }, tensors, { step: at });
    process.stdout.write('.');
  }
  if (at % 5 === 0) {
    await appendLineage(storeFolder!, {
      command: 'index',
      parents: [],
      inputs: [{ path: 'train.jsonl', hash: rowHash(at) }],
      settings: { at },
      metrics: {},
      outputs: [],
    });
    process.stdout.write('.');
  }
}
await index.finish();
process.stdout.write('done\n');
