/** A field of rows that may be a label. */
export interface LabelField {
  /** Dots lead into objects. */
  readonly name: string;
  /** Most frequent first. */
  readonly values: readonly { readonly value: string; readonly rows: number }[];
}

/** What is taken for a label: few values, each short and of several rows. */
const bounds = { classes: 64, characters: 60, depth: 3, fields: 2000 } as const;

/**
 * Fields of JSON Lines rows that look like labels: every row has one, there are 2 to 64 values, and on average at least
 * five rows share one. Lines that are no JSON objects are passed over; the probe itself says what is wrong with them.
 *
 * @param lines the first lines of a file
 */
export function labelFields(lines: readonly string[]): readonly LabelField[] {
  const counts = new Map<string, Map<string, number>>();
  let rows = 0;
  for (const line of lines) {
    const value = parsedObject(line);
    if (value === undefined) continue;
    rows += 1;
    for (const [name, label] of scalars(value, '', 1)) {
      const known = counts.get(name);
      if (known !== undefined) known.set(label, (known.get(label) ?? 0) + 1);
      else if (counts.size < bounds.fields) counts.set(name, new Map([[label, 1]]));
    }
  }
  return [...counts].flatMap(([name, values]) => {
    const total = [...values.values()].reduce((sum, count) => sum + count, 0);
    if (total !== rows || values.size < 2 || values.size > bounds.classes || values.size * 5 > rows) return [];
    const listed = [...values].map(([value, count]) => ({ value, rows: count }));
    return [{ name, values: listed.sort((a, b) => b.rows - a.rows || (a.value < b.value ? -1 : 1)) }];
  });
}

function parsedObject(line: string): object | undefined {
  if (!line.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // A half line at the end of what was read, or a malformed row: diagnostics say so.
    return undefined;
  }
}

/** Labels within an object, as `whence probe --label` names and reads them. */
function scalars(value: object, prefix: string, depth: number): readonly (readonly [name: string, label: string])[] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    // A dot would be read as a step into an object.
    if (key === '' || key.includes('.')) return [];
    const name = `${prefix}${key}`;
    if (typeof inner === 'object' && inner !== null)
      return Array.isArray(inner) || depth >= bounds.depth ? [] : scalars(inner, `${name}.`, depth + 1);
    const label = labelOf(inner);
    return label === undefined ? [] : [[name, label] as const];
  });
}

function labelOf(value: unknown): string | undefined {
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return `${value}`;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return text === '' || text.length > bounds.characters ? undefined : text;
}
