/**
 * The record of what was run on what: `lineage/WRITER.jsonl`, one segment per writer, only ever appended to.
 *
 * Every entry carries the hash of the entry before it in its segment (`previous`) and of the last entries of all other
 * segments at that time (`seen`), and its own hash over all of that. So a changed, inserted or removed entry breaks the
 * chain, and a removed segment is missed by those who saw it. What nobody can notice is that the newest entries of all
 * are cut off.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync } from 'node:fs';
import path from 'node:path';
import { canonicalJson } from '../data/hash';
import { makeFolder, writeFully } from '../data/writeFile';
import { inputError } from '../protocol/errors';
import { version } from '../protocol/version';
import { acquireLease } from './lease';
import { entryHash, entryJson, type LineageEntry, type LineageRecord, maximumEntryBytes } from './lineageEntry';
import { endOfLastLine, readLineage } from './readLineage';
import { prepareStore } from './storeFolder';
import { personName, personSlug } from './writerIdentity';

/**
 * Appends an entry and gives it back as written. A process that is killed while it appends leaves a last line without
 * end, which readers skip and the next writer cuts off.
 *
 * @throws UserError `lineage-too-long`, `write-failed`
 */
export async function appendLineage(storeFolder: string, record: LineageRecord): Promise<LineageEntry> {
  await prepareStore(storeFolder);
  const folder = path.join(storeFolder, 'lineage');
  makeFolder(folder);
  const person = personSlug();
  const lease = await acquireLease(storeFolder, `lineage-${person}`);
  // Rather than wait for another process of this user, begin a segment of one's own.
  const segment = 'heldBy' in lease ? `${person}-${randomBytes(4).toString('hex')}` : person;
  try {
    return await append(storeFolder, path.join(folder, `${segment}.jsonl`), segment, record);
  } finally {
    if (!('heldBy' in lease)) lease.release();
  }
}

async function append(
  storeFolder: string,
  file: string,
  segment: string,
  record: LineageRecord,
): Promise<LineageEntry> {
  const { entries, heads } = readLineage(storeFolder);
  const inputs = new Set(record.inputs.map(({ hash }) => hash));
  const makers = entries.filter(({ outputs }) => outputs.some(({ hash }) => inputs.has(hash)));
  const content: Omit<LineageEntry, 'hash'> = {
    ...record,
    parents: [...new Set([...record.parents, ...makers.map(({ hash }) => hash)])],
    time: new Date().toISOString(),
    who: personName(),
    version,
    previous: heads.get(segment) ?? '',
    seen: [...heads].filter(([name]) => name !== segment).map(([, hash]) => hash),
  };
  const entry: LineageEntry = { ...content, hash: entryHash(content) };
  const line = Buffer.from(`${canonicalJson({ ...entryJson(entry), hash: entry.hash })}\n`);
  if (line.length > maximumEntryBytes) {
    throw inputError(
      'lineage-too-long',
      `The lineage entry of "${record.command}" has ${line.length} bytes, more than the ${maximumEntryBytes} allowed.`,
      'Name fewer files, or keep the metrics in a file of their own.',
    );
  }
  appendLine(file, line);
  return entry;
}

function appendLine(file: string, line: Uint8Array): void {
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o644);
  try {
    const size = fstatSync(descriptor).size;
    const end = endOfLastLine({ file, descriptor, size });
    if (end < size) ftruncateSync(descriptor, end);
    writeFully(descriptor, line);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
