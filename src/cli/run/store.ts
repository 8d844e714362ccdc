import path from 'node:path';
import { inputError } from '../../protocol/errors';
import { chooseItems, removeItems } from '../../store/cleanStore';
import { readCacheContents, readStoreContents, type StoreItem } from '../../store/storeContents';
import { defaultStoreSettings, storeFolderOf } from '../../store/storeFolder';
import { sizeText } from '../../store/storeSize';
import { openCommandContext } from '../commandContext';
import type { StoreFlags } from '../commands/store';
import { formatTable, oneLine } from '../printTable';
import { printJson, requireOutput } from '../writeOutput';
import { type TableColumn, tableEndings, writeTable } from '../writeTable';

interface KindSummary {
  readonly kind: string;
  readonly items: number;
  readonly files: number;
  readonly bytes: number;
  /** ISO 8601. */
  readonly lastUsed: string;
}

const columns: readonly TableColumn<StoreItem>[] = [
  { name: 'place', type: 'STRING', value: ({ place }) => place },
  { name: 'kind', type: 'STRING', value: ({ kind }) => kind },
  { name: 'name', type: 'STRING', value: ({ name }) => name },
  { name: 'what', type: 'STRING', value: ({ what }) => what },
  { name: 'files', type: 'INT32', value: ({ files }) => files },
  { name: 'bytes', type: 'DOUBLE', value: ({ bytes }) => bytes },
  { name: 'lastUsed', type: 'STRING', value: ({ lastUsed }) => new Date(lastUsed).toISOString() },
];

/** Lists the store and the cache; with --clean removes what was named. */
export async function runStore(flags: StoreFlags): Promise<void> {
  requireOutput(flags.out, tableEndings);
  const { workspace, compute } = await openCommandContext(flags);
  const storeFolder = storeFolderOf(workspace?.folder ?? '.');
  const items = [...(await readStoreContents(storeFolder)), ...readCacheContents(compute.cacheFolder)];
  const chosen = flags.clean === undefined ? [] : chooseItems(items, flags.clean, flags.days, Date.now());
  if (chosen.length > 0 && !flags.yes && !flags.dryRun) {
    throw inputError(
      'confirmation-needed',
      `${chosen.length} items with ${sizeText(bytesOf(chosen))} would be removed: ${namesOf(chosen)}.`,
      'Give --yes to remove them, or --dry-run to see each.',
    );
  }
  const isRemoved = flags.clean !== undefined && !flags.dryRun;
  if (isRemoved) removeItems(storeFolder, chosen);
  const left = isRemoved ? items.filter((item) => !chosen.includes(item)) : items;
  const document = {
    schema: 'whence.store/1',
    store: { folder: storeFolder, budgetBytes: defaultStoreSettings.budgetBytes, ...summaryOf(left, 'store') },
    cache: { folder: compute.cacheFolder, ...summaryOf(left, 'cache') },
    items: left.map(itemJson),
    ...(flags.clean === undefined
      ? {}
      : { clean: { done: isRemoved, bytes: bytesOf(chosen), items: chosen.map(itemJson) } }),
  };
  if (flags.out !== undefined) await writeTable(flags.out, columns, left, document);
  if (flags.json) {
    printJson(document);
    return;
  }
  if (flags.clean !== undefined) printChosen(chosen, isRemoved ? 'removed' : 'would be removed');
  printPlace('store', storeFolder, left, ` of ${sizeText(defaultStoreSettings.budgetBytes)}`);
  printPlace('cache', compute.cacheFolder, left, '');
}

function bytesOf(items: readonly StoreItem[]): number {
  return items.reduce((sum, { bytes }) => sum + bytes, 0);
}

function namesOf(items: readonly StoreItem[]): string {
  const kinds = [...new Set(items.map(({ kind }) => kind))];
  return kinds.map((kind) => `${items.filter((item) => item.kind === kind).length} ${kind}`).join(', ');
}

function itemJson({ lastUsed, paths, ...item }: StoreItem): object {
  return { ...item, lastUsed: new Date(lastUsed).toISOString(), paths };
}

function summaryOf(
  all: readonly StoreItem[],
  place: StoreItem['place'],
): { bytes: number; kinds: readonly KindSummary[] } {
  const items = all.filter((item) => item.place === place);
  const kinds = [...new Set(items.map(({ kind }) => kind))].sort().map((kind): KindSummary => {
    const same = items.filter((item) => item.kind === kind);
    return {
      kind,
      items: same.length,
      files: same.reduce((sum, { files }) => sum + files, 0),
      bytes: bytesOf(same),
      lastUsed: new Date(Math.max(...same.map(({ lastUsed }) => lastUsed))).toISOString(),
    };
  });
  return { bytes: bytesOf(items), kinds };
}

function printChosen(chosen: readonly StoreItem[], verb: string): void {
  if (chosen.length === 0) {
    process.stdout.write('Nothing to remove.\n\n');
    return;
  }
  process.stdout.write(`${sizeText(bytesOf(chosen))} ${verb}:\n${itemTable(chosen)}\n`);
}

function printPlace(place: StoreItem['place'], folder: string, all: readonly StoreItem[], budget: string): void {
  const items = all.filter((item) => item.place === place);
  const shown = path.relative('.', folder);
  const title = shown === '' || shown.startsWith('..') ? folder : shown;
  if (items.length === 0) {
    process.stdout.write(`${title}: empty\n`);
    return;
  }
  process.stdout.write(`${title}: ${sizeText(bytesOf(items))}${budget}\n${itemTable(items)}\n`);
}

/** Most items that are listed one by one; --json lists them all. */
const listedItems = 40;

function itemTable(items: readonly StoreItem[]): string {
  const largest = items.toSorted((a, b) => b.bytes - a.bytes);
  const table = formatTable<StoreItem>(
    [
      { title: 'kind', align: 'left', cell: ({ kind }) => oneLine(kind, 80) },
      {
        title: 'name',
        align: 'left',
        cell: ({ name }) => (/^[0-9a-f]{32,}$/.test(name) ? name.slice(0, 12) : oneLine(name, 80)),
      },
      { title: 'size', align: 'right', cell: ({ bytes }) => sizeText(bytes) },
      { title: 'last use', align: 'left', cell: ({ lastUsed }) => new Date(lastUsed).toISOString().slice(0, 10) },
      { title: 'what', align: 'left', cell: ({ what }) => oneLine(what, 80) },
    ],
    largest.slice(0, listedItems),
  );
  return items.length <= listedItems ? table : `${table}… and ${items.length - listedItems} smaller ones\n`;
}
