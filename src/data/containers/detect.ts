import { createGunzip } from 'node:zlib';
import { inputError } from '../../protocol/errors';
import type { CheckedFile } from '../byteSource';
import { readHead } from '../byteSource';

export type ContainerFormat = 'jsonl' | 'json-array' | 'csv' | 'tsv' | 'parquet' | 'arrow' | 'text';

export interface Container {
  readonly format: ContainerFormat;
  readonly compression: 'none' | 'gzip';
}

const byEnding: Readonly<Record<string, ContainerFormat | 'json'>> = {
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'json',
  csv: 'csv',
  tsv: 'tsv',
  parquet: 'parquet',
  arrow: 'arrow',
  feather: 'arrow',
  txt: 'text',
  text: 'text',
  md: 'text',
};

/** File endings that hold rows, without the dot; text ones may be followed by `.gz`. */
export const dataEndings: readonly string[] = Object.keys(byEnding);

const headBytes = 4096;

/**
 * What holds the rows: by the file's ending, by its first bytes where the ending says nothing or too little (`.json`).
 * @throws UserError `container-unknown`, `container-unsupported`
 */
export async function detectContainer(file: CheckedFile): Promise<Container> {
  const head = await readHead(file, headBytes);
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  const compression = isGzip ? 'gzip' : 'none';
  const text = isGzip ? await unpackHead(head) : head;
  const endings = file.path.toLowerCase().split(/[\\/]/).at(-1)!.split('.').slice(1);
  if (endings.at(-1) === 'gz') endings.pop();
  const named = byEnding[endings.at(-1) ?? ''];

  const wide = text.length >= 2 && ((text[0] === 0xff && text[1] === 0xfe) || (text[0] === 0xfe && text[1] === 0xff));
  if (wide) {
    throw inputError('utf-16', `${file.path} is UTF-16 text.`, 'Save it as UTF-8.');
  }
  const start = text.toString('latin1', 0, 6);
  if (start.startsWith('PAR1') || named === 'parquet') return whole('parquet');
  if (start === 'ARROW1' || named === 'arrow') return whole('arrow');
  if (start.startsWith('\x28\xb5\x2f\xfd') || start.startsWith('PK\x03\x04') || start.startsWith('BZh')) {
    throw inputError(
      'container-unsupported',
      `${file.path} is packed in a way that Whence does not read (zstd, zip or bzip2).`,
      'Unpack it, or pack it with gzip.',
    );
  }
  if (named !== undefined && named !== 'json') return { format: named, compression };
  const first = text
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()[0];
  if (first === '[') return { format: 'json-array', compression };
  if (first === '{' || named === 'json') return { format: 'jsonl', compression };
  throw inputError(
    'container-unknown',
    `${file.path} is not a data file that Whence knows by its ending or its first bytes.`,
    `Use one of: ${dataEndings.map((ending) => `.${ending}`).join(', ')} (text ones also with .gz).`,
  );

  function whole(format: 'parquet' | 'arrow'): Container {
    if (compression === 'gzip') {
      throw inputError('container-unsupported', `${file.path} is ${format} inside gzip.`, 'Unpack it first.');
    }
    return { format, compression };
  }
}

/** The first unpacked bytes of a gzip head; what cannot be unpacked is met again, and reported, when rows are read. */
function unpackHead(head: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const gunzip = createGunzip({ chunkSize: headBytes });
    gunzip.once('data', (chunk: Buffer) => {
      resolve(chunk);
      gunzip.destroy();
    });
    gunzip.once('error', () => resolve(Buffer.alloc(0)));
    gunzip.once('end', () => resolve(Buffer.alloc(0)));
    gunzip.end(head);
  });
}
