import { isJsonObject } from '../../protocol/json';
import { createKeptRecords } from '../keptRecords';

/**
 * Labels that a person has looked at and found right, though a probe reads otherwise. Kept by the row's content: an
 * edited row is another row, of which nobody has said anything.
 */
export interface LabelVerdicts {
  /** @param label name of what is probed for, as in `LabelProbe.label` */
  isRight(label: string, hash: string): boolean;
  setRight(label: string, hash: string): Promise<void>;
}

const recordId = 'label-verdicts';

interface KeptLabels {
  readonly id: string;
  /** By the name of the label: content hashes. */
  readonly rightLabels: Readonly<Record<string, readonly string[]>>;
}

/** @param storeFolder where the workspace keeps its store now */
export function createLabelVerdicts(storeFolder: () => string): LabelVerdicts {
  const records = createKeptRecords<KeptLabels>(storeFolder, (value) =>
    isJsonObject(value.rightLabels) ? (value as unknown as KeptLabels) : undefined,
  );
  const hashesOf = (label: string): readonly string[] => {
    const kept = records.all().get(recordId)?.rightLabels ?? {};
    const hashes: unknown = Object.hasOwn(kept, label) ? kept[label] : undefined;
    return Array.isArray(hashes) ? (hashes as readonly string[]) : [];
  };
  return {
    isRight: (label, hash) => hashesOf(label).includes(hash),
    setRight: async (label, hash) => {
      if (hashesOf(label).includes(hash)) return;
      const kept = records.all().get(recordId)?.rightLabels ?? {};
      await records.keep({ id: recordId, rightLabels: { ...kept, [label]: [...hashesOf(label), hash] } });
    },
  };
}
