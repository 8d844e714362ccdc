/**
 * Settings of the editor, parsed and defaulted in one place. The other sides are `contributes.configuration` of the
 * manifest (a test holds both equal) and every process that is handed the parsed value.
 */
import type { DeviceChoice } from './requests';
import { deviceNames } from './requests';

/** How much stands beside the rows. `quiet`: only rows that matter; `normal`: rows above the null; `everything`: each row. */
export const markPresets = ['quiet', 'normal', 'everything'] as const;
export type MarkPreset = (typeof markPresets)[number];

export interface EditorSettings {
  /** One toggle for all marks in the text. */
  readonly marksEnabled: boolean;
  readonly marksPreset: MarkPreset;
  /** Which analyses show marks. */
  readonly marksInfluence: boolean;
  readonly marksProbes: boolean;
  readonly marksPruning: boolean;
  /** Whether the trained part of a row is told from the rest. */
  readonly marksTrainedText: boolean;
  readonly overviewRuler: boolean;
  readonly device: DeviceChoice;
  /** 0: as many as there are cores. */
  readonly threads: number;
  /** Gigabytes that `.whence/` may take. */
  readonly storeBudget: number;
  /** Seconds that an idle engine keeps its model loaded. */
  readonly engineIdleSeconds: number;
  /** New tokens of an answer at most. */
  readonly maxTokens: number;
  readonly diagnosticsEnabled: boolean;
  readonly notifications: 'errors' | 'results' | 'none';
}

export const defaultSettings: EditorSettings = {
  marksEnabled: true,
  marksPreset: 'normal',
  marksInfluence: true,
  marksProbes: true,
  marksPruning: true,
  marksTrainedText: true,
  overviewRuler: true,
  device: 'auto',
  threads: 0,
  storeBudget: 5,
  engineIdleSeconds: 300,
  maxTokens: 64,
  diagnosticsEnabled: true,
  notifications: 'results',
};

/** Setting -> its key under `whence.` in the editor. */
export const settingKeys: { readonly [K in keyof EditorSettings]: string } = {
  marksEnabled: 'marks.enabled',
  marksPreset: 'marks.preset',
  marksInfluence: 'marks.influence',
  marksProbes: 'marks.probes',
  marksPruning: 'marks.pruning',
  marksTrainedText: 'marks.trainedText',
  overviewRuler: 'marks.overviewRuler',
  device: 'device',
  threads: 'threads',
  storeBudget: 'storeBudget',
  engineIdleSeconds: 'engineIdleSeconds',
  maxTokens: 'ask.maxTokens',
  diagnosticsEnabled: 'diagnostics.enabled',
  notifications: 'notifications',
};

/** Parses what the editor holds under `whence`, nested by dots; a value that does not fit gives way to its default. */
export function parseSettings(section: unknown): EditorSettings {
  const choice = <T extends string>(value: unknown, among: readonly T[], otherwise: T): T =>
    among.find((name) => name === value) ?? otherwise;
  const flag = (value: unknown, otherwise: boolean): boolean => (typeof value === 'boolean' ? value : otherwise);
  const number = (value: unknown, low: number, high: number, otherwise: number): number =>
    typeof value === 'number' && value >= low && value <= high ? value : otherwise;
  const at = (name: keyof EditorSettings): unknown => valueAt(section, settingKeys[name]);
  const d = defaultSettings;
  return {
    marksEnabled: flag(at('marksEnabled'), d.marksEnabled),
    marksPreset: choice(at('marksPreset'), markPresets, d.marksPreset),
    marksInfluence: flag(at('marksInfluence'), d.marksInfluence),
    marksProbes: flag(at('marksProbes'), d.marksProbes),
    marksPruning: flag(at('marksPruning'), d.marksPruning),
    marksTrainedText: flag(at('marksTrainedText'), d.marksTrainedText),
    overviewRuler: flag(at('overviewRuler'), d.overviewRuler),
    device: choice(at('device'), ['auto', ...deviceNames] as const, d.device),
    threads: Math.round(number(at('threads'), 0, 1024, d.threads)),
    storeBudget: number(at('storeBudget'), 0.01, 1e6, d.storeBudget),
    engineIdleSeconds: number(at('engineIdleSeconds'), 0, 86_400, d.engineIdleSeconds),
    maxTokens: Math.round(number(at('maxTokens'), 1, 4096, d.maxTokens)),
    diagnosticsEnabled: flag(at('diagnosticsEnabled'), d.diagnosticsEnabled),
    notifications: choice(at('notifications'), ['errors', 'results', 'none'] as const, d.notifications),
  };
}

function valueAt(section: unknown, key: string): unknown {
  let value = section;
  for (const part of key.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, part) ? (value as Readonly<Record<string, unknown>>)[part] : undefined;
  }
  return value;
}
