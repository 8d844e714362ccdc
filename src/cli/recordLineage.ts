import * as shared from '../jobs/recordLineage';
import type { InfluenceSubject } from '../protocol/influence';
import type { JsonObject } from '../protocol/json';
import type { DataSource } from '../protocol/requests';
import type { CommandContext } from './commandContext';

/** What stops a lineage entry is told of, and stops nothing else. */
export const warn = (text: string): void => void process.stderr.write(`warning: ${text}\n`);

/** As `jobs/recordLineage`; what stops an entry is a warning on stderr. */
export function recordLineage(
  request: InfluenceSubject & { readonly kind: string },
  metrics: JsonObject,
): Promise<void> {
  return shared.recordLineage(request, metrics, warn);
}

/** As `jobs/recordLineage`; what stops an entry is a warning on stderr. */
export function recordRowsLineage(
  request: shared.RowsSubject,
  settings: JsonObject,
  metrics: JsonObject,
): Promise<void> {
  return shared.recordRowsLineage(request, settings, metrics, warn);
}

/** As `jobs/recordLineage`; what stops an entry is a warning on stderr. */
export function recordInWorkspace(
  context: CommandContext,
  command: string,
  inputs: readonly Pick<DataSource, 'label' | 'path'>[],
  settings: JsonObject,
  metrics: JsonObject,
): Promise<void> {
  return shared.recordInWorkspace(context, command, inputs, settings, metrics, warn);
}

/** As `jobs/recordLineage`. */
export function recordInStore(
  storeFolder: string,
  command: string,
  inputs: readonly Pick<DataSource, 'label' | 'path'>[],
  settings: JsonObject,
  metrics: JsonObject,
): Promise<void> {
  return shared.recordInStore(storeFolder, command, inputs, settings, metrics, warn);
}
