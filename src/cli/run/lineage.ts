import type { JsonObject } from '../../protocol/json';
import type { LineageEntry, LineageFile } from '../../store/lineageEntry';
import { readLineage, requireWholeChain } from '../../store/readLineage';
import { storeFolderOf } from '../../store/storeFolder';
import { openCommandContext } from '../commandContext';
import type { LineageFlags } from '../commands/lineage';
import { formatTable, oneLine } from '../printTable';
import { printJson, requireOutput } from '../writeOutput';
import { type TableColumn, tableEndings, writeTable } from '../writeTable';

const columns: readonly TableColumn<LineageEntry>[] = [
  { name: 'time', type: 'STRING', value: ({ time }) => time },
  { name: 'who', type: 'STRING', value: ({ who }) => who },
  { name: 'command', type: 'STRING', value: ({ command }) => command },
  { name: 'version', type: 'STRING', value: ({ version }) => version },
  { name: 'inputs', type: 'STRING', value: ({ inputs }) => JSON.stringify(inputs) },
  { name: 'settings', type: 'STRING', value: ({ settings }) => JSON.stringify(settings) },
  { name: 'metrics', type: 'STRING', value: ({ metrics }) => JSON.stringify(metrics) },
  { name: 'outputs', type: 'STRING', value: ({ outputs }) => JSON.stringify(outputs) },
  { name: 'parents', type: 'STRING', value: ({ parents }) => parents.join(' ') },
  { name: 'hash', type: 'STRING', value: ({ hash }) => hash },
];

/** Prints the latest entries; throws where the chain is broken, after they were printed. */
export async function runLineage(flags: LineageFlags): Promise<void> {
  requireOutput(flags.out, tableEndings);
  const { workspace } = await openCommandContext(flags);
  const folder = storeFolderOf(workspace?.folder ?? '.');
  const lineage = readLineage(folder);
  const { entries, problems } = lineage;
  const shown = entries.slice(-flags.last);
  const document = {
    schema: 'whence.lineage/1',
    folder,
    total: entries.length,
    whole: problems.length === 0,
    problems,
  };
  if (flags.out !== undefined) await writeTable(flags.out, columns, entries, { ...document, entries });
  if (flags.json) printJson({ ...document, entries: shown });
  else printEntries(shown, entries.length);
  requireWholeChain(lineage);
}

function printEntries(shown: readonly LineageEntry[], total: number): void {
  if (total === 0) {
    process.stdout.write('Nothing was recorded yet.\n');
    return;
  }
  process.stdout.write(
    formatTable<LineageEntry>(
      [
        { title: 'time (UTC)', align: 'left', cell: ({ time }) => oneLine(time.replace('T', ' ').slice(0, 19), 80) },
        { title: 'who', align: 'left', cell: ({ who }) => oneLine(who, 80) },
        { title: 'command', align: 'left', cell: ({ command }) => oneLine(command, 80) },
        { title: 'inputs', align: 'left', cell: ({ inputs }) => files(inputs) },
        { title: 'outputs', align: 'left', cell: ({ outputs }) => files(outputs) },
        { title: 'metrics', align: 'left', cell: ({ metrics }) => numbers(metrics) },
        { title: 'entry', align: 'left', cell: ({ hash }) => oneLine(hash.slice(0, 12), 80) },
      ],
      shown,
    ),
  );
  if (shown.length < total) process.stdout.write(`… and ${total - shown.length} earlier ones (--last)\n`);
}

const listedFiles = 2;

function files(list: readonly LineageFile[]): string {
  const first = list.slice(0, listedFiles).map((file) => oneLine(file.path, 80));
  const more = list.length - first.length;
  return first.join(', ') + (more > 0 ? ` +${more}` : '');
}

/** The numbers among the metrics. */
function numbers(metrics: JsonObject): string {
  return Object.entries(metrics)
    .flatMap(([name, value]) =>
      typeof value === 'number' ? [`${oneLine(name, 80)} ${Number.parseFloat(value.toPrecision(4))}`] : [],
    )
    .slice(0, 3)
    .join(', ');
}
