import { dataLimits } from '../../data/limits';
import { parseJsonRow } from '../../data/parseRow';

/** Content hash of the row that a line holds; undefined: it holds none. */
export type LineHash = (text: string) => string | undefined;

/** Lines that are remembered. */
const remembered = 20_000;

/** Hashes lines as data/ does, each text once while it is remembered. */
export function createLineHash(): LineHash {
  const known = new Map<string, string | undefined>();
  const address = { file: '', row: 0, line: 1, bytes: undefined };
  return (text) => {
    if (known.has(text)) return known.get(text);
    const hash = text.trim() === '' ? undefined : parseJsonRow(Buffer.from(text), address, dataLimits).row?.hash;
    if (known.size >= remembered) known.delete(known.keys().next().value!);
    known.set(text, hash);
    return hash;
  };
}
