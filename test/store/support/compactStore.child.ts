/** Compacts an index over and over until it is killed: STORE WIDTH SHARDROWS. Says `+` before each time. */
import { openVectorIndex } from '../../../src/store/openVectorIndex';
import { rowBytes } from '../../../src/store/vectorDescription';
import { description, settings } from './vectors';

const [storeFolder, widthText, shardRowsText] = process.argv.slice(2);
const form = description('float16', Number(widthText));
const index = await openVectorIndex(storeFolder!, form, settings(rowBytes(form) * Number(shardRowsText)));
// Never without end, should the parent be gone.
for (let round = 0; round < 200; round += 1) {
  process.stdout.write('+');
  await index.compact();
}
